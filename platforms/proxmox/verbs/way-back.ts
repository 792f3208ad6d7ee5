import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { ApiError } from '../api/api-error.ts';
import { type AnyGuest, sidOf } from '../api/guest-calls.ts';
import type { View } from '../state/view.ts';
import { calledTo } from './called-to.ts';
import { guestIn, type NamedMember, type ProxmoxContext, statusOf } from './entry.ts';

/** A move that is under way ends, another follows it, and it is seen to rest, ms. */
export const PATIENCE = 240_000;
const LOOK_AGAIN = 1_000;
/** Of the HA manager, ms. Outside HA, where nobody goes round, it is as long. */
const ROUND = 10_000;
/**
 * The manager takes what is queued once a round, and writes down at its end what it has made of it. What was queued before the first look is in
 * what it wrote for the second time since; one round more is for a request that was on its way.
 */
const ENOUGH = 3;

/** Of a guest that is no more, as a place. */
const NOWHERE = '';
const MOVING = ['migrate', 'relocate'];

/** A guest at one place that nothing is about to take it away from. */
interface Rest {
  place: string;
  /** Of this process's clock. */
  since: number;
  /** How many rounds have ended since, and which one was the last. */
  rounds: number;
  round: number;
  /** It was called from there. */
  isCalled: boolean;
}

/**
 * Brings a guest home to `node` after a move that may be over, under way, still on its way to the manager, or never asked for. A guest's configuration
 * moves at the very end, and until then HA takes no call to where it is: so it is waited for, called when it rests elsewhere, and at home only when it rests there.
 *
 * @returns when it came to rest at home
 *
 * @throws {OperatorError} when it was not known to stay there within `patience` ms
 */
export async function wayBack(
  context: ProxmoxContext,
  of: NamedMember,
  how: 'migrate' | 'relocate',
  { patience = PATIENCE, every = LOOK_AGAIN, round = ROUND } = {},
): Promise<{ effect: { from: number; to: number } }> {
  const from = performance.now();
  let rest: Rest | undefined;
  const look = async (): Promise<boolean> => {
    const view = await context.viewer.look();
    const guest = guestIn(view, of);
    const place = await placeOf(context, guest, view);
    const now = performance.now();
    if (place === undefined) {
      rest = undefined;
      return false;
    }
    const isUnderHa = guest !== undefined && view.services[sidOf(guest)] !== undefined;
    const last = isUnderHa ? view.decided : Math.floor(now / round);
    if (rest?.place !== place) rest = { place, since: now, rounds: 0, round: last, isCalled: false };
    if (rest.round !== last) Object.assign(rest, { rounds: rest.rounds + 1, round: last });
    const isLong = rest.rounds >= ENOUGH;
    if (guest === undefined || place === of.node) return isLong;
    if (rest.isCalled && !isLong) return false;
    await calledTo(context, guest, of.node, how, view, patience - (now - from));
    Object.assign(rest, { rounds: 0, isCalled: true });
    return false;
  };
  if (await poll(look, Boolean, { timeout: patience, every })) return { effect: { from, to: rest!.since } };
  const seen = rest === undefined ? 'on its way' : `on ${rest.place || 'no node'}`;
  throw new OperatorError(
    `guest ${of.member.split('/')[0]} is not known to stay on ${of.node} after ${patience / 1000} s: it is ${seen}`,
    { hint: '`ha-manager status` on a node tells what HA does with it; once it rests, `brownout undo` brings it back' },
  );
}

/** Where it rests; undefined while HA or a task moves it, or is told to, or where its node does not say. */
async function placeOf(
  context: ProxmoxContext,
  guest: AnyGuest | undefined,
  { services }: View,
): Promise<string | undefined> {
  if (!guest) return NOWHERE;
  const { state, cmd = [] } = services[sidOf(guest)] ?? {};
  if (MOVING.includes(state ?? '') || cmd.length > 0) return undefined;
  try {
    const status = await statusOf(context, guest);
    return status && status.lock === undefined ? guest.node : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.passes) return undefined;
    throw error;
  }
}
