/** What is done inside a guest, through its agent. Every call is bounded: one without an agent takes 3 s to say so. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { ExecResult } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';

export interface Guest {
  node: string;
  vmid: number;
}

/** A call through an agent that is there takes this long at most, ms. */
const CALL = 8_000;
const LOOK_AGAIN = 100;
const LOOK_AGAIN_MOST = 500;
/** Of what Proxmox passes on to a program's input. */
export const LONGEST_INPUT = 65_536;

/**
 * Runs a program in the guest and waits for its end.
 *
 * @param timeout ms; Throws OperatorError when it has not ended by then (it goes on), and ApiError where there is no agent
 */
export async function execInGuest(
  api: Api,
  guest: Guest,
  argv: string[],
  { stdin, timeout }: { stdin?: string | undefined; timeout: number },
): Promise<ExecResult> {
  if (stdin !== undefined && stdin.length > LONGEST_INPUT) {
    throw new OperatorError(`${argv[0]} in guest ${guest.vmid}: its input has ${stdin.length} characters`, {
      hint: `Proxmox passes on ${LONGEST_INPUT} at most`,
    });
  }
  const began = performance.now();
  const left = () => timeout - (performance.now() - began);
  const asking = () => ({ patience: 0, timeout: Math.max(1, Math.min(CALL, left())) });
  const { node, vmid } = guest;
  const command = { command: argv, ...(stdin === undefined ? {} : { 'input-data': stdin }) };
  const { pid } = await api.post('/nodes/{node}/qemu/{vmid}/agent/exec', { node, vmid, ...command }, asking());
  for (let pause = LOOK_AGAIN; left() > 0; pause = Math.min(2 * pause, LOOK_AGAIN_MOST)) {
    const status = await askedAgain(
      api.get('/nodes/{node}/qemu/{vmid}/agent/exec-status', { node, vmid, pid }, asking()),
    );
    if (status?.exited) {
      return {
        code: status.exitcode ?? 128 + (status.signal ?? 0),
        stdout: status['out-data'] ?? '',
        stderr: status['err-data'] ?? '',
      };
    }
    await sleep(Math.min(pause, left()));
  }
  throw new OperatorError(
    `${argv[0]} in guest ${guest.vmid} on ${guest.node} has not ended within ${timeout / 1000} s`,
  );
}

/** Undefined where another try may tell. The end of a program is told once only: one whose answer was lost is not told any more. */
async function askedAgain<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.passes) return undefined;
    throw error;
  }
}

/** As `execInGuest`; a program that fails is an error with its words. */
export async function mustExec(
  api: Api,
  guest: Guest,
  argv: string[],
  given: { stdin?: string; timeout: number },
): Promise<string> {
  const { code, stdout, stderr } = await execInGuest(api, guest, argv, given);
  if (code === 0) return stdout;
  throw new OperatorError(
    `${argv[0]} in guest ${guest.vmid} on ${guest.node} failed (exit ${code}): ${(stderr || stdout).trim().slice(-1000)}`,
  );
}

/** Waits for the guest's agent. Throws OperatorError when it does not answer in time, or when the guest has none configured. */
export async function untilAgent(api: Api, guest: Guest, timeout: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeout;
  const { node, vmid } = guest;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await api.post(
        '/nodes/{node}/qemu/{vmid}/agent/ping',
        { node, vmid },
        { patience: 0, timeout: CALL, signal },
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isConfigured = !/No QEMU guest agent configured/.test(error.message);
      if (isConfigured && performance.now() < deadline) {
        await sleep(LOOK_AGAIN_MOST, signal);
        continue;
      }
      throw new OperatorError(`the agent in guest ${guest.vmid} on ${guest.node} does not answer: ${error.message}`, {
        hint: 'does the template have qemu-guest-agent installed and enabled, and `agent: 1` in its configuration?',
        cause: error,
      });
    }
  }
}

/** The guest's own IPv4 address, by its agent; undefined as long as it has none. */
export async function addressOf(api: Api, { node, vmid }: Guest): Promise<string | undefined> {
  const { result } = await api.get(
    '/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces',
    { node, vmid },
    {
      patience: 0,
      timeout: CALL,
    },
  );
  const addresses = result.filter(({ name }) => name !== 'lo').flatMap((card) => card['ip-addresses'] ?? []);
  return addresses.find((address) => address['ip-address-type'] === 'ipv4')?.['ip-address'];
}
