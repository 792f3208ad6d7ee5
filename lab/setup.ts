import { existsSync, readFileSync } from 'node:fs';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { withLock } from '../processes/lock.ts';
import { OperatorError } from '../units/operator-error.ts';
import { run, succeeds } from './command.ts';
import type { Progress } from './progress.ts';

/** Debian packages that the lab needs; on a distribution without dpkg, the program whose presence stands for the package. */
const LAB_PACKAGES = [
  'docker.io',
  'haproxy',
  'mmdebstrap',
  'debian-archive-keyring',
  'iproute2',
  'mount',
  'hostname',
  'procps',
  'iptables',
  'util-linux',
  'openssl',
  'e2fsprogs',
  'perl-base',
  'tar',
];

const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TEXT = '#!/bin/sh\n# Written by brownout while it installs packages; removed after.\nexit 101\n';
/** Services that come with packages of ours. The lab runs the programs itself, and this computer should not. */
const SERVICES = [
  'docker.socket',
  'docker.service',
  'containerd.service',
  'haproxy.service',
  'corosync.service',
  'etcd.service',
  'ssh.service',
];

export function installLabPackages(progress: Progress): Promise<void> {
  return ensurePackages(LAB_PACKAGES, progress);
}

/**
 * Installs the Debian packages that are missing, after saying so, without starting any of their services.
 * Throws OperatorError where that cannot be done: not root, or not Debian or a derivative.
 */
export async function ensurePackages(packages: string[], progress: Progress): Promise<void> {
  if ((await missing(packages)).length === 0) return;
  await withLock(
    'setup',
    'installing packages',
    async () => {
      const wanted = await missing(packages);
      if (wanted.length > 0) await install(wanted, progress);
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

/** Those that dpkg does not have installed, whatever else it knows of them. */
async function missing(packages: string[]): Promise<string[]> {
  if (!existsSync('/usr/bin/dpkg-query')) {
    throw new OperatorError(`needed: ${packages.join(', ')}; and this is neither Debian nor a derivative`, {
      hint: 'use Debian 12 or later (a virtual machine will do)',
    });
  }
  const status = readFileSync('/var/lib/dpkg/status', 'utf8');
  return packages.filter((name) => !installed(status, name));
}

/** Whether dpkg's status file says that a package is installed. */
export function installed(status: string, name: string): boolean {
  const at = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
  if (at < 0) return false;
  const end = status.indexOf('\n\n', at);
  return status.slice(at, end < 0 ? undefined : end).includes('Status: install ok installed');
}

async function install(packages: string[], progress: Progress): Promise<void> {
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new OperatorError(`missing Debian packages: ${packages.join(', ')}`, { hint: `sudo ${command}` });
  }
  progress(`installing from Debian: ${packages.join(' ')}`);
  const before = await enabledServices();
  await withoutServices(async () => {
    const apt = async (...args: string[]) => {
      await run(['apt-get', '--quiet', '--yes', '-o', 'DPkg::Lock::Timeout=300', ...args], {
        env: { DEBIAN_FRONTEND: 'noninteractive' },
        line: (line) => {
          if (/^(Get:|Setting up |Fetched )/.test(line)) progress(`  ${line.slice(0, 100)}`);
        },
      });
    };
    const lists = await readdir('/var/lib/apt/lists').catch(() => []);
    if (!lists.some((name) => name.includes('_Packages'))) await apt('update');
    const arguments_ = ['install', '--no-install-recommends', ...packages];
    // Package lists that are some weeks old name files that the archive no longer has.
    await apt(...arguments_).catch(async () => {
      await apt('update');
      await apt(...arguments_);
    });
  });
  for (const service of await enabledServices()) {
    if (!before.includes(service)) await run(['systemctl', 'disable', '--now', service]);
  }
}

/** Debian starts the services that it installs unless /usr/sbin/policy-rc.d says no. An existing file is the administrator's, and stays. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const foreign = existsSync(POLICY) && readFileSync(POLICY, 'utf8') !== POLICY_TEXT;
  if (foreign) return work();
  await writeFile(POLICY, POLICY_TEXT);
  await chmod(POLICY, 0o755);
  await work().finally(() => rm(POLICY, { force: true }));
}

async function enabledServices(): Promise<string[]> {
  if (!existsSync('/run/systemd/system')) return [];
  const checks = await Promise.all(
    SERVICES.map(async (name) => ((await succeeds(['systemctl', 'is-enabled', '--quiet', name])) ? [name] : [])),
  );
  return checks.flat();
}
