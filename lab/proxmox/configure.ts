import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../processes/program.ts';
import { run } from '../command.ts';
import { EDGE_CONFIG, edgeConfig } from '../edge.ts';
import { issueEdgeCertificate } from '../edge-certificate.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { authorityFile, issueCertificates } from './certificates.ts';
import { type ClusterNode, corosyncConfig } from './cluster/corosync.ts';
import { BRIDGE, CONFIG, EDGE, EDGE_CHECK, edgeEntries, programArgv } from './layout.ts';
import type { NodeSettings } from './node/settings.ts';
import type { Notes } from './notes.ts';

/** What operators of the lab are given: paths in the lab's folder of configuration. */
export const access = (folder: string) => ({
  sshKey: join(folder, 'operator', 'id_ed25519'),
  knownHosts: join(folder, 'operator', 'known_hosts'),
  ca: authorityFile(join(folder, 'certificates')),
  user: 'root@pam',
  /** Each in a file of its own. */
  password: join(folder, 'operator', 'password'),
  token: 'root@pam!brownout',
  tokenSecret: join(folder, 'operator', 'token-secret'),
});

/** Writes what each machine is told, in `folder/<machine>/`; keys and certificates are made once, and stay. */
export async function configure(folder: string, all: ClusterNode[], notes: Notes): Promise<void> {
  const certificates = join(folder, 'certificates');
  const operator = join(folder, 'operator');
  await Promise.all([
    issueCertificates(certificates, all),
    mkdir(operator, { recursive: true, mode: 0o700 }),
    mkdir(join(folder, 'commands'), { recursive: true }),
    ...[...all.map(({ name }) => name), 'edge'].map((name) => mkdir(join(folder, name), { recursive: true })),
  ]);
  const authkey = join(folder, 'authkey');
  if (!existsSync(authkey)) await run(['corosync-keygen', '-l', '-k', authkey]);
  await Promise.all([
    sshKey(access(folder).sshKey),
    ...all.map(({ name }) => sshKey(join(folder, name, 'ssh_host_key'))),
  ]);
  for (const file of [access(folder).password, access(folder).tokenSecret]) {
    if (!existsSync(file)) await writeFile(file, `${randomUUID()}\n`, { mode: 0o600 });
  }
  await writeFile(join(folder, 'commands', 'ha-manager'), command('node/ha-manager'), { mode: 0o755 });
  await issueEdgeCertificate(join(folder, 'edge'), EDGE);
  await writeFile(join(folder, 'edge', EDGE_CONFIG), edgeConfig(edgeEntries(entriesOf(await labNeeds())), EDGE_CHECK));
  const hosts = await Promise.all(
    all.map(async ({ name, address }) => {
      const [type, key] = (await readFile(join(folder, name, 'ssh_host_key.pub'), 'utf8')).split(' ');
      return `${name},${address} ${type} ${key}\n`;
    }),
  );
  await writeFile(access(folder).knownHosts, hosts.join(''));
  await Promise.all(all.map((seat) => configureNode(folder, seat, all, notes)));
}

async function configureNode(folder: string, seat: ClusterNode, all: ClusterNode[], notes: Notes): Promise<void> {
  const own = (name: string) => join(folder, seat.name, name);
  const settings: NodeSettings = { node: seat.name, nodes: all, timeScale: notes.timeScale, epoch: notes.epoch };
  await Promise.all([
    writeFile(own('node.json'), JSON.stringify(settings, null, 2)),
    writeFile(own('corosync.conf'), corosyncConfig(all, notes.timeScale)),
    writeFile(own('prepare.sh'), prepareScript(seat, all)),
    writeFile(own('sshd_config'), SSHD_CONFIG),
    copyFile(join(folder, 'authkey'), own('authkey')),
    copyFile(`${access(folder).sshKey}.pub`, own('authorized_keys')),
    ...['pem', 'key'].map((end) =>
      copyFile(join(folder, 'certificates', `${seat.name}.${end}`), own(`pve-ssl.${end}`)),
    ),
    copyFile(access(folder).ca, own('pve-root-ca.pem')),
  ]);
  await chmod(own('authorized_keys'), 0o600);
}

async function sshKey(path: string): Promise<void> {
  if (!existsSync(path)) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'brownout-lab', '-f', path]);
}

const SSHD_CONFIG = `HostKey ${CONFIG}/ssh_host_key
AuthorizedKeysFile ${CONFIG}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
# The folder is another computer's, and whose it is depends on that.
StrictModes no
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
`;

function command(program: string): string {
  return `#!/bin/sh\nexec ${programArgv(program).map(quote).join(' ')} "$@"\n`;
}

/** What a node does before its services start, once at every power-on. */
function prepareScript({ name, address }: ClusterNode, all: ClusterNode[]): string {
  return `set -eu
# corosync keeps what its clients share here, some megabytes each.
mkdir -p /dev/shm /dev/net /dev/pts
mount -t tmpfs -o mode=1777,size=128m shm /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
ln -sf pts/ptmx /dev/ptmx
mknod -m 666 /dev/net/tun c 10 200
[ ! -e /sys/class/misc/kvm ] || mknod -m 666 /dev/kvm c 10 232

# Guests of all nodes, and the nodes, are in one network: the machine's cable is a port of its bridge.
ip link add ${BRIDGE} address "$(cat /sys/class/net/eth0/address)" type bridge
ip address flush dev eth0
ip link set eth0 master ${BRIDGE}
ip link set ${BRIDGE} up
ip address add ${address}/24 dev ${BRIDGE}

printf '127.0.0.1 localhost\\n${all.map((each) => `${each.address} ${each.name}\\n`).join('')}' > /etc/hosts
mkdir -p /etc/corosync /var/lib/corosync /var/log/corosync /var/lib/etcd /run/sshd
install -m 600 ${CONFIG}/corosync.conf /etc/corosync/corosync.conf
install -m 400 ${CONFIG}/authkey /etc/corosync/authkey
# Who has the lab's key may log in as root, however this computer's account is locked.
usermod -p '*' root
echo "${name} is prepared"
`;
}
