/** A shell on a node, for what the API cannot do. The user's own ssh: an unknown host is refused, and nothing is ever asked. */

import { type Ended, quote, runProgram, words } from '../../../processes/program.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import type { ProxmoxSsh } from '../cluster.ts';

const CONNECT_SECONDS = 5;

/** @param address of the node; @param timeout ms. Throws OperatorError when it cannot be carried out, or ends with anything but 0 */
export async function onNode(
  ssh: ProxmoxSsh | undefined,
  { node, address }: { node: string; address: string },
  argv: string[],
  { timeout = 20_000, input }: { timeout?: number; input?: string } = {},
): Promise<string> {
  const result = await tryOnNode(ssh, { node, address }, argv, { timeout, ...(input === undefined ? {} : { input }) });
  if (result.code === 0) return result.stdout;
  const why = result.timedOut ? `no end within ${timeout / 1000} s` : `exit ${result.code}: ${words(result)}`;
  throw new OperatorError(`${argv[0]} on ${node} by ssh: ${why}`, {
    hint:
      result.code === 255
        ? 'can you `ssh` there yourself with the key and the known hosts of the cluster file?'
        : undefined,
  });
}

/** A machine that has reset itself takes so long to boot at most, ms. */
export const BOOT = 300_000;
const TRY_AGAIN = 2_000;

/** As `tryOnNode`, again and again while the node cannot be reached: it may be booting. The last answer, when it takes too long. */
export async function onceReachable(...[ssh, where, argv]: Parameters<typeof tryOnNode>): Promise<Ended> {
  return poll(
    () => tryOnNode(ssh, where, argv),
    ({ code, stderr, timedOut }) => !timedOut && !(code === 255 && UNREACHABLE.test(stderr)),
    { timeout: BOOT, every: TRY_AGAIN },
  );
}

/** Not what another try would not mend: a wrong key, an unknown host. */
const UNREACHABLE = /refused|timed out|no route|unreachable|is down|reset by|closed by|broken pipe|connection closed/i;

export async function tryOnNode(
  ssh: ProxmoxSsh | undefined,
  { node, address }: { node: string; address: string },
  argv: string[],
  { timeout = 20_000, input }: { timeout?: number; input?: string } = {},
): Promise<Ended> {
  if (!ssh) {
    throw new OperatorError(`${argv[0]} on ${node}: the cluster file names no way to a shell there`, {
      hint: 'add `ssh:` to it; the API alone cannot do this',
    });
  }
  const options = [
    ...['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_SECONDS}`, '-o', 'StrictHostKeyChecking=yes', '-T'],
    ...(ssh.knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile=${ssh.knownHosts}`]),
    ...(ssh.key === undefined ? [] : ['-i', ssh.key, '-o', 'IdentitiesOnly=yes']),
    ...['-p', String(ssh.port)],
  ];
  // The other side's shell reads one line: every word is quoted.
  const line = argv.map(quote).join(' ');
  try {
    return await runProgram('ssh', [...options, '--', `${ssh.user}@${address}`, line], {
      timeout,
      ...(input === undefined ? {} : { input }),
    });
  } catch (error) {
    throw new OperatorError(`${argv[0]} on ${node}: ssh cannot be started: ${(error as Error).message}`, {
      hint: "install OpenSSH's client (Debian: apt-get install openssh-client)",
      cause: error,
    });
  }
}
