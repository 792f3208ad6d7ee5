import { join } from 'node:path';
import { run } from '../command.ts';
import type { Progress } from '../progress.ts';
import { cached } from './cache.ts';

export const SUITE = 'bookworm';

/** All that the workloads, the node faults and the noisy neighbours need, from Debian. */
const PACKAGES = [
  // voting: front end, queue, database, worker and result
  'python3-flask',
  'gunicorn',
  'python3-redis',
  'redis-server',
  'redis-tools',
  'postgresql',
  'postgresql-client',
  'nodejs',
  // web and file servers
  'apache2',
  'haproxy',
  'samba',
  'smbclient',
  // tools for faults and for looking around
  'python3',
  'iproute2',
  'iptables',
  'iputils-ping',
  'procps',
  'curl',
  'ca-certificates',
];

const OPTIONS = [
  '--variant=minbase',
  `--include=${PACKAGES.join(',')}`,
  '--aptopt=Apt::Install-Recommends "false"',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  '--dpkgopt=path-include=/usr/share/locale/locale.alias',
  // An interrupted build is thrown away, so nothing has to be synced on the way.
  '--dpkgopt=force-unsafe-io',
];

/** Path of a tar file with the root filesystem that every image in the lab starts from. A first build takes minutes. */
export async function rootFilesystem(progress: Progress): Promise<string> {
  const entry = await cached('rootfs', { SUITE, OPTIONS, arch: process.arch }, progress, async (folder) => {
    progress(`building a root filesystem of Debian ${SUITE} (once, some minutes)`);
    await run([...diesWithUs(), 'mmdebstrap', ...OPTIONS, SUITE, join(folder, 'root.tar')], {
      line: (line) => {
        if (/^I: /.test(line)) progress(`  ${line.slice(3)}`);
      },
      env: { TMPDIR: folder },
    });
  });
  return join(entry, 'root.tar');
}

/**
 * A build must not go on in the background when the process that wants it is killed: the kernel kills `unshare` with its
 * parent, and with it the PID namespace that holds all the build's processes. Its mounts go with the mount namespace.
 */
function diesWithUs(): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
}
