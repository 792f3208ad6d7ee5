/**
 * What is laid on a guest, and taken off again: the cable pulled, the disk slowed down, the clock put wrong. A tag on the guest says so from
 * before it is done, so that it can be taken off without a journal, and so that what somebody else laid on it stays.
 */
import { PermanentError } from '../../../units/operator-error.ts';
import { mustExec } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { type AnyGuest, configOf, configure, type GuestChange, statusOf, wordOf } from '../api/guest-calls.ts';
import { type Held, heldOf, withHeld } from '../state/tags.ts';

const AGENT_TIMEOUT = 10_000;

/** What a guest has one of, as its configuration calls it, the parts of its line that are changed, and those that cannot be beside them. */
const LINES = {
  link: { key: 'net0', word: 'card', parts: ['link_down'], instead: [] },
  disk: { key: 'scsi0', word: 'disk', parts: ['iops_rd', 'iops_wr'], instead: ['iops'] },
} as const;

/** A line such as `virtio=BC:24:11:…,bridge=vmbr0,link_down=1` with these parts set to this, or without them. */
function withParts(line: string, parts: readonly string[], value: string | undefined): string {
  const others = line.split(',').filter((part) => !parts.some((name) => part.startsWith(`${name}=`)));
  return [...others, ...(value === undefined ? [] : parts.map((name) => `${name}=${value}`))].join(',');
}

/**
 * @param value undefined: taken off, if the suite laid it on
 *
 * @throws {PermanentError} where there is one already that is not the suite's
 */
export async function hold(
  api: Api,
  guest: AnyGuest,
  what: keyof typeof LINES,
  value: string | undefined,
): Promise<void> {
  const { key, word, parts, instead } = LINES[what];
  const where = `${wordOf(guest.kind)} ${guest.vmid} on ${guest.node}`;
  await changeConfig(api, guest, ({ tags, [key]: before }) => {
    const isHeld = heldOf(tags).includes(what);
    if (value === undefined && !isHeld) return undefined;
    if (before === undefined) throw new PermanentError(`${where} has no ${word} ${key}`);
    if (!isHeld && withParts(before, [...parts, ...instead], undefined) !== before) {
      throw new PermanentError(`${where} has a setting of its own on its ${word}: ${key}: ${before}`, {
        hint: `it could not be given back as it was: aim at another guest, or take ${[...parts, ...instead].join(' and ')} off it first`,
      });
    }
    const after = withParts(before, parts, value);
    if (after === before && isHeld === (value !== undefined)) return undefined;
    return { [key]: after, ...withHeld(tags, what, value !== undefined) };
  });
}

/** @param wrong seconds ahead of the clock of its node; undefined: right again, if the suite put it wrong */
export async function holdClock(api: Api, guest: AnyGuest, wrong: number | undefined): Promise<void> {
  const { node, vmid } = guest;
  const isMarked = (tags: string | undefined) => heldOf(tags).includes('clock');
  const mark = (is: boolean) =>
    changeConfig(api, guest, ({ tags }) => (isMarked(tags) === is ? undefined : withHeld(tags, 'clock', is)));
  if (wrong !== undefined) await mark(true);
  else if (!isMarked((await configOf(api, guest)).tags)) return;
  // One that has ended takes the right time from its machine when it boots.
  if (wrong === undefined && (await statusOf(api, guest)).status !== 'running') return mark(false);
  const { time } = await api.get('/nodes/{node}/time', { node });
  await mustExec(api, { node, vmid }, ['date', '-u', '-s', `@${time + (wrong ?? 0)}`], { timeout: AGENT_TIMEOUT });
  if (wrong === undefined) await mark(false);
}

/** Takes off all that the suite has laid on a guest that goes on living. */
export async function release(api: Api, guest: AnyGuest, held: readonly Held[]): Promise<void> {
  for (const what of held) {
    if (what === 'clock') await holdClock(api, guest, undefined);
    else await hold(api, guest, what, undefined);
  }
}

/** Somebody may have been faster so often. */
const TRIES = 5;

/**
 * Reads, changes and writes what nobody else has written meanwhile; again when somebody has, be it this change itself, whose answer was lost.
 *
 * @param change undefined when all is as it is to be
 */
export async function changeConfig(
  api: Api,
  guest: AnyGuest,
  change: (config: Record<string, string>) => GuestChange | undefined,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const config = await configOf(api, guest);
    const changed = change(config);
    if (!changed) return;
    const { digest } = config;
    try {
      return await configure(api, guest, { ...changed, ...(digest === undefined ? {} : { digest }) });
    } catch (error) {
      if (tries === TRIES || !(error instanceof ApiError && error.trouble === 'modified')) throw error;
    }
  }
}
