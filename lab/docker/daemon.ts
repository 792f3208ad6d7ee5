import { OperatorError } from '../../units/operator-error.ts';
import type { Service } from '../boot.ts';
import { logTail, pathInside } from '../host.ts';
import type { Lab } from '../lab.ts';
import { type Docker, dockerAt } from './api.ts';

export const SOCKET = '/run/docker.sock';
export const DATA_ROOT = '/var/lib/docker';

/** Debian's dockerd as a machine's service, with its API on its own socket and, for a node, on the machine's address. */
export function dockerd(major: number, address?: string): Service {
  const argv = ['dockerd', '--data-root', DATA_ROOT, '--storage-driver', 'overlay2', '--exec-root', '/run/docker'];
  argv.push(
    '--pidfile',
    '/run/docker.pid',
    '--host',
    `unix://${SOCKET}`,
    '--userland-proxy=false',
    '--bip',
    '172.17.0.1/16',
  );
  // Without an explicit `--tls=false` dockerd sleeps for 16 s, as a warning. The lab's network reaches this computer only.
  if (address) argv.push('--host', `tcp://${address}:2375`, '--tls=false');
  // Not every kernel lets even root lower a process's OOM score; later versions have no such flag and do not try.
  if (major < 25) argv.push('--oom-score-adjust', '0');
  return { name: 'dockerd', argv };
}

/** The machine's dockerd, through its socket: works while its link is cut, too. */
export function dockerOf(lab: Lab, machine: string): Docker {
  return dockerAt(() => {
    const path = pathInside(lab, machine, SOCKET);
    if (!path) throw new OperatorError(`the machine '${machine}' is off`);
    return path;
  });
}

/** Why a dockerd does not answer: the end of its log. */
export async function dockerSilent(lab: Lab, machine: string): Promise<OperatorError> {
  return new OperatorError(
    `dockerd on the machine '${machine}' does not answer; its log ends:\n${await logTail(lab, machine, 'dockerd')}`,
  );
}

/** `Docker version 20.10.24+dfsg1, build 297e128` → 20 */
export function majorOf(version: string): number {
  return Number(/(\d+)\./.exec(version)?.[1] ?? 0);
}
