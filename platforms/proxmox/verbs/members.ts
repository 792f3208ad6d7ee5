/** What is done to guests. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { oneOf, type Question, text, type Verb } from '../../verb.ts';
import { type Guest, mustExec, untilAgent } from '../acts/agent.ts';
import { tryOnNode } from '../acts/ssh.ts';
import { configOf } from '../api/guest-calls.ts';
import { finished } from '../api/tasks.ts';
import type { GuestId } from '../state/members.ts';
import { hold, holdClock } from '../workload/settings.ts';
import {
  findGuest,
  member,
  type NamedMember,
  onGuests,
  onNodes,
  type ProxmoxContext,
  present,
  question,
  type Right,
  refuseContainer,
  SSH,
  statusOf,
  undo,
  verb,
} from './entry.ts';

const TASK_TIMEOUT = 30_000;
const AGENT_TIMEOUT = 10_000;

const seconds = text.regex(/^-?\d{1,6}$/, { error: 'whole seconds' }).transform(Number);
const count = text.regex(/^\d{1,7}$/, { error: 'a whole number' }).transform(Number);

export async function addressOf({ viewer }: ProxmoxContext, node: string): Promise<{ node: string; address: string }> {
  const found = (await viewer.look()).nodes.find(({ name }) => name === node);
  if (!found) throw new OperatorError(`the cluster has no node ${node}`);
  return { node, address: found.address };
}

/** One that is a machine, of which this can be asked. */
async function machine(context: ProxmoxContext, verb: string, of: NamedMember) {
  const guest = await present(context, of);
  refuseContainer(guest, verb);
  return guest;
}

async function pressReset({ api }: ProxmoxContext, { node, vmid }: Guest): Promise<void> {
  const upid = await api.post('/nodes/{node}/qemu/{vmid}/status/reset', { node, vmid });
  await finished(api, upid, { timeout: TASK_TIMEOUT });
}

/** The kernel panics a second after its act has ended: an agent that answers may do so for the last time. */
const PANICS_WITHIN = 2_500;

/** Another life of the guest has not panicked: it may be booting, and its agent not be there yet. One that is paused was paused by somebody. */
async function revive(context: ProxmoxContext, guest: Guest & GuestId): Promise<void> {
  const qmpstatus = async () => {
    const status = await statusOf(context, guest);
    return status?.pid === guest.pid && status.qmpstatus !== 'paused' ? status.qmpstatus : undefined;
  };
  const found = await qmpstatus();
  if (found === undefined || (found !== 'guest-panicked' && (await isAlive(context, guest)))) return;
  if ((await qmpstatus()) === undefined) return;
  await pressReset(context, guest);
  const after = await qmpstatus();
  if (after === undefined || after === 'running') return;
  // A QEMU that heard of the panic has stopped the guest; the reset does not let it run.
  const { node, vmid } = guest;
  const upid = await context.api.post('/nodes/{node}/qemu/{vmid}/status/resume', { node, vmid });
  await finished(context.api, upid, { timeout: TASK_TIMEOUT });
}

async function isAlive({ api }: ProxmoxContext, guest: Guest): Promise<boolean> {
  try {
    await untilAgent(api, guest, AGENT_TIMEOUT);
    await sleep(PANICS_WITHIN);
    await untilAgent(api, guest, AGENT_TIMEOUT);
    return true;
  } catch (error) {
    if (error instanceof OperatorError) return false;
    throw error;
  }
}

export const memberVerbs: Record<string, Verb<ProxmoxContext, Right>> = {
  /** → { gone? }. Its QEMU, on its node: HA starts it again, its LRM alone. */
  'member.kill': verb({ ...member, signal: text.optional() }, [SSH], async (context, { signal = 'SIGKILL', ...of }) => {
    const guest = await findGuest(context, of);
    const status = guest && (await statusOf(context, guest));
    if (!guest || !status?.pid || status.pid !== guest.pid) return { gone: true };
    const where = await addressOf(context, guest.node);
    const { code, stderr } = await tryOnNode(context.cluster.ssh, where, [
      'kill',
      '-s',
      signal.replace(/^SIG/, ''),
      String(guest.pid),
    ]);
    if (code === 0) return undefined;
    if (/No such process/i.test(stderr)) return { gone: true };
    throw new OperatorError(
      `guest ${guest.vmid} on ${guest.node} could not be killed: ${stderr.trim() || `exit ${code}`}`,
    );
  }),

  'member.pause': verb(member, [onGuests('VM.PowerMgmt')], async (context, of) => {
    const guest = await machine(context, 'member.pause', of);
    const { node, vmid } = guest;
    if ((await statusOf(context, guest))?.qmpstatus === 'paused') return undefined;
    const upid = await context.api.post('/nodes/{node}/qemu/{vmid}/status/suspend', { node, vmid });
    await finished(context.api, upid, { timeout: TASK_TIMEOUT });
    return undefined;
  }),

  'member.unpause': undo(member, [onGuests('VM.PowerMgmt')], async (context, of) => {
    const guest = await findGuest(context, of);
    if (!guest || (await statusOf(context, guest))?.qmpstatus !== 'paused') return undefined;
    const { node, vmid } = guest;
    const upid = await context.api.post('/nodes/{node}/qemu/{vmid}/status/resume', { node, vmid });
    await finished(context.api, upid, { timeout: TASK_TIMEOUT });
    return undefined;
  }),

  /** As by its reset button: QEMU stays, the guest boots anew. */
  'member.reset': verb(member, [onGuests('VM.PowerMgmt')], async (context, of) => {
    await pressReset(context, await machine(context, 'member.reset', of));
    return undefined;
  }),

  /** Its kernel panics. */
  'member.crash': verb(member, [onGuests('VM.GuestAgent.Unrestricted')], async (context, of) => {
    const { node, vmid } = await machine(context, 'member.crash', of);
    const line = 'echo 1 >/proc/sys/kernel/sysrq; (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &';
    await mustExec(context.api, { node, vmid }, ['sh', '-c', line], { timeout: AGENT_TIMEOUT });
    return undefined;
  }),

  /** Presses the reset button of a guest whose agent says nothing, as after a panic. */
  'member.revive': undo(member, [onGuests('VM.PowerMgmt', 'VM.GuestAgent.Unrestricted')], async (context, of) => {
    const guest = await findGuest(context, of);
    if (guest) await revive(context, guest);
    return undefined;
  }),

  /** Pulls the cable of its first card, or plugs it in again. */
  'member.link': undo(
    { ...member, state: oneOf('down', 'up') },
    [onGuests('VM.Config.Network', 'VM.Config.Options')],
    async (context, { state, ...of }) => {
      const guest = await findGuest(context, of);
      if (guest) await hold(context.api, guest, 'link', state === 'down' ? '1' : undefined);
      return undefined;
    },
    ({ state }) => state === 'up',
  ),

  /** Its disk does so many requests a second and no more; without `iops`, as many as it can. */
  'member.disk': undo(
    { ...member, iops: count.optional() },
    [onGuests('VM.Config.Disk', 'VM.Config.Options')],
    async (context, { iops, ...of }) => {
      const guest = await findGuest(context, of);
      if (!guest) return undefined;
      if (iops !== undefined) refuseContainer(guest, 'member.disk');
      await hold(context.api, guest, 'disk', iops?.toString());
      return undefined;
    },
    ({ iops }) => iops === undefined,
  ),

  /** Puts its clock wrong by so much, by its node's clock; by nothing: right. */
  'member.clock': undo(
    { ...member, wrong: seconds.optional() },
    [onGuests('VM.Config.Options', 'VM.GuestAgent.Unrestricted'), onNodes('Sys.Audit')],
    async (context, { wrong, ...of }) => {
      const guest = await findGuest(context, of);
      if (!guest) return undefined;
      if (wrong !== undefined) refuseContainer(guest, 'member.clock');
      await holdClock(context.api, guest, wrong);
      return undefined;
    },
    ({ wrong }) => wrong === undefined,
  ),
};

/** What can only be asked of a guest. */
export const memberQueries: Record<string, Question<ProxmoxContext, Right>> = {
  /** → { seconds }: how far its clock is ahead of its node's. */
  'member.ahead': question(
    member,
    [onGuests('VM.GuestAgent.Unrestricted'), onNodes('Sys.Audit')],
    async (context, of) => {
      const { node, vmid } = await machine(context, 'member.ahead', of);
      const [{ time }, said] = await Promise.all([
        context.api.get('/nodes/{node}/time', { node }),
        mustExec(context.api, { node, vmid }, ['date', '+%s'], { timeout: AGENT_TIMEOUT }),
      ]);
      return { seconds: Number(said) - time };
    },
  ),

  /** → { seconds }: since its kernel booted, by its own word. */
  'member.uptime': question(member, [onGuests('VM.GuestAgent.Unrestricted')], async (context, of) => {
    const { node, vmid } = await machine(context, 'member.uptime', of);
    const said = await mustExec(context.api, { node, vmid }, ['cat', '/proc/uptime'], { timeout: AGENT_TIMEOUT });
    return { seconds: Number.parseFloat(said) };
  }),

  /** → { iops, link }: what is laid on its disk and its card, and in force. */
  'member.settings': question(member, [onGuests('VM.Audit')], async (context, of) => {
    const { scsi0 = '', net0 = '' } = await configOf(context.api, await present(context, of), { current: true });
    const iops = /\biops_wr=(\d+)/.exec(scsi0)?.[1];
    return { iops: iops === undefined ? null : Number(iops), link: /\blink_down=1/.test(net0) ? 'down' : 'up' };
  }),
};
