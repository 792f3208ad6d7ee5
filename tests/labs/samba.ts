import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const USER = 'probe';
export const PASSWORD = 'Pr0be-pässword';
const START = 20_000;

/** Shares that every server here has: one to write to, a small one, one that is only read. */
const SHARES = { data: 'read only = no', tiny: 'read only = no', ro: 'read only = yes' };

/**
 * Whatever becomes of who started it, also by SIGKILL, all ends with it: the kernel kills the first process, that one takes the next with it,
 * which is the first of a PID namespace. It is a shell that waits, since smbd changes its user, and with that forgets whose death is its own.
 */
const WITH_US = [
  ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private'],
  ...['--pid', '--fork', '--kill-child', '--mount-proc'],
];

/**
 * A real smbd on the loopback, with everything that it writes in a folder of its own. Its user exists in its mount namespace alone, and its
 * small file system ends with that.
 */
export class Samba {
  readonly port: number;
  readonly folder: string;
  #smbd: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'brownout-samba-'));
    chmodSync(this.folder, 0o755);
    for (const name of ['private', 'lock', 'state', 'cache', 'pid', 'log', 'ncalrpc', ...Object.keys(SHARES)]) {
      mkdirSync(join(this.folder, name));
    }
    for (const share of Object.keys(SHARES)) chmodSync(join(this.folder, share), 0o777);
    writeFileSync(join(this.folder, 'ro', 'hello'), 'hello\n');
    copyFileSync('/etc/passwd', join(this.folder, 'passwd'));
    writeFileSync(join(this.folder, 'passwd'), `${USER}:x:47117:65534::/nonexistent:/usr/sbin/nologin\n`, {
      flag: 'a',
    });
  }

  /** `settings`: more lines of its [global] section. */
  static async start(settings = ''): Promise<Samba> {
    const samba = new Samba(await freePort());
    await samba.start(settings);
    return samba;
  }

  /** The same again, after a `kill`. */
  async start(settings = ''): Promise<void> {
    writeFileSync(this.config, this.#configWith(settings));
    const script = `
      mount --bind ${this.folder}/passwd /etc/passwd
      mount -t tmpfs -o size=1m,mode=777 tiny ${this.folder}/tiny
      [ -e ${this.folder}/private/passdb.tdb ] || printf '%s\\n%s\\n' "$PASSWORD" "$PASSWORD" | smbpasswd -c ${this.config} -s -a ${USER}
      smbd --foreground --no-process-group -s ${this.config} -l ${this.folder}/log &
      wait $!`;
    this.#smbd = spawn('setpriv', [...WITH_US, 'sh', '-ec', script], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, PASSWORD, LC_ALL: 'C.UTF-8' },
    });
    const from = performance.now();
    while (!(await listens(this.port))) {
      if (performance.now() - from > START || this.#smbd.exitCode !== null) {
        throw new Error(`smbd did not start: ${this.log()}`);
      }
      await sleep(20);
    }
  }

  /** Of its processes. */
  get group(): number {
    return this.#smbd!.pid!;
  }

  get config(): string {
    return join(this.folder, 'smb.conf');
  }

  log(): string {
    const file = join(this.folder, 'log', 'log.smbd');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-2000) : 'no log';
  }

  /** All of its processes. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-this.group, signal);
  }

  async kill(): Promise<void> {
    const smbd = this.#smbd;
    if (!smbd || smbd.exitCode !== null || smbd.signalCode !== null) return;
    const ended = once(smbd, 'exit');
    this.signal('SIGKILL');
    await ended;
    while (await listens(this.port)) await sleep(10);
  }

  /** Takes a share away from all who are connected. */
  closeShare(share: string): void {
    const inside = execFileSync('ps', ['-o', 'pid=', '--ppid', String(this.group)], { encoding: 'utf8' }).trim();
    const command = ['smbcontrol', '-s', this.config, 'smbd', 'close-share', share];
    execFileSync('nsenter', ['--target', inside, '--mount', '--pid', ...command]);
  }

  /** What smbclient prints. */
  client(share: string, commands: string): string {
    const argv = [`//127.0.0.1/${share}`, '-s', this.config, '-p', String(this.port), '-U', USER, '-c', commands];
    return execFileSync('smbclient', argv, {
      encoding: 'utf8',
      env: { ...process.env, PASSWD: PASSWORD, LC_ALL: 'C.UTF-8' },
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #configWith(settings: string): string {
    const folders = Object.entries({
      'private dir': 'private',
      'lock directory': 'lock',
      'state directory': 'state',
      'cache directory': 'cache',
      'pid directory': 'pid',
      'ncalrpc dir': 'ncalrpc',
    }).map(([key, folder]) => `${key} = ${this.folder}/${folder}`);
    const shares = Object.entries(SHARES).map(([name, mode]) => `[${name}]\npath = ${this.folder}/${name}\n${mode}\n`);
    return [
      '[global]',
      'server role = standalone server',
      'interfaces = lo',
      'bind interfaces only = yes',
      `smb ports = ${this.port}`,
      'disable netbios = yes',
      'load printers = no',
      'printcap name = /dev/null',
      'disable spoolss = yes',
      'map to guest = never',
      ...folders,
      settings,
      ...shares,
    ].join('\n');
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
