import { join } from 'node:path';
import { run } from '../command.ts';
import type { Progress } from '../progress.ts';
import { labNeeds } from '../workloads.ts';
import { cached } from './cache.ts';

export const SUITE = 'bookworm';

/** Tools for faults, for noisy neighbours and for looking around. What workloads need, they say themselves. */
const TOOLS = ['python3', 'iproute2', 'iptables', 'iputils-ping', 'procps', 'curl', 'ca-certificates'];

const OPTIONS = [
  '--variant=minbase',
  '--aptopt=Apt::Install-Recommends "false"',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  '--dpkgopt=path-include=/usr/share/locale/locale.alias',
  // An interrupted build is thrown away, so nothing has to be synced on the way.
  '--dpkgopt=force-unsafe-io',
];

/**
 * Path of a tar file with the root filesystem that every image in the lab starts from: one for all workloads, so that their images share
 * it on disk and in memory. A first build takes minutes, and so does one after a workload has asked for another package.
 */
export async function rootFilesystem(progress: Progress): Promise<string> {
  const asked = (await labNeeds()).flatMap(({ packages }) => packages);
  const packages = [...new Set([...TOOLS, ...asked])].sort();
  const entry = await cached('rootfs', { SUITE, OPTIONS, packages, arch: process.arch }, progress, async (folder) => {
    progress(`building a root filesystem of Debian ${SUITE} (once, some minutes)`);
    const include = `--include=${packages.join(',')}`;
    await run([...diesWithUs(), 'mmdebstrap', ...OPTIONS, include, SUITE, join(folder, 'root.tar')], {
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
