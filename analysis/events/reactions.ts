import type { PlatformEvent } from '../../platforms/platform.ts';
import type { Bracket, RunEvent } from '../../recording/recording.ts';
import type { Mark } from '../findings.ts';
import { type FaultScope, isReplacement, showsNotice, withoutRestart } from './fault-scope.ts';
import type { RunTimeline } from './run-timeline.ts';

/** What the platform did by itself, and when; in ms since the recording's origin. */
export interface Reaction {
  event: PlatformEvent;
  at: Bracket;
  /** By the platform's own clock if that tells, else when it was seen. */
  told: number;
}

/** If the platform's clock differs from ours by more than this, ms, it is not trusted. */
const PLAUSIBLE_DELAY = 60_000;
/** A timestamp in whole seconds can be up to this much before the event, ms. */
const STAMP_RESOLUTION = 1000;

/**
 * Platform events since t₀. An event reaches the suite some time after it happened. If it has a plausible, earlier timestamp
 * of the platform, the bracket begins there, and that is when it was. If it has none and the suite had lost contact for a while, the event may have
 * happened at any time during that gap.
 */
export function reactionsOf(events: RunEvent[], t0: Bracket, wallOrigin: number): Reaction[] {
  return events.flatMap((event): Reaction[] => {
    if (event.kind !== 'platform' || event.at < t0.from) return [];
    const { wall, unseenFor = 0 } = event.event;
    const lastContact = event.at - unseenFor;
    const stamped = wall === undefined ? event.at : wall - wallOrigin;
    const earliest = Math.min(lastContact - STAMP_RESOLUTION, event.at - PLAUSIBLE_DELAY);
    const isPlausible = wall !== undefined && stamped >= Math.max(t0.from, earliest) && stamped <= event.at;
    const from = Math.max(isPlausible ? stamped : lastContact, t0.from);
    return [{ event: event.event, at: { from, to: event.at }, told: isPlausible ? from : event.at }];
  });
}

/** The platform's moment of a reaction as a mark since t₀. */
export function reactionMark({ at, told }: Reaction, t0: Bracket): Mark {
  return { ms: told - t0.from, bracket: { from: Math.max(0, at.from - t0.to), to: at.to - t0.from } };
}

/** What was not seen to happen until then: it took longer, if it happened at all. Nothing is known where nobody watched. */
export function unseenUntil(watched: number, t0: Bracket): Mark {
  return watched > t0.from ? { beyond: watched - t0.from } : {};
}

/** Until when the fault is there to be noticed, ms: after healing nothing is left. */
export const lastToNotice = ({ healing, end }: RunTimeline) => Math.min(healing?.from ?? end, end);

/** Reactions to the fault only: anything after the start of healing may be a reaction to healing. */
export function untilHealing(reactions: Reaction[], timeline: RunTimeline): Reaction[] {
  const { healing } = timeline;
  return healing ? reactions.filter(({ at }) => at.from < healing.from) : reactions;
}

/** The platform's first reaction to the fault itself. */
export function firstNotice(reactions: Reaction[], scope: FaultScope): Reaction | undefined {
  return reactions.find(({ event }) => showsNotice(event, scope));
}

export interface Replacement {
  service: string;
  scheduled: Reaction;
  /** When it first had a ready new member after that; undefined if none was seen. */
  ready: Reaction | undefined;
}

/**
 * Each service that lost a member and got a new one scheduled before healing began, in the order of scheduling. The new member
 * may become ready after that; what happens to it later is up to the application and is ignored.
 */
export function replacements(reactions: Reaction[], timeline: RunTimeline, scope: FaultScope): Replacement[] {
  const healing = timeline.healing?.from ?? Infinity;
  const found = new Map<string, Replacement>();
  const fresh = new Set<string>();
  for (const reaction of reactions) {
    const { kind, service, member } = reaction.event;
    if (service === undefined) continue;
    const known = found.get(service);
    if (isReplacement(reaction.event, scope)) {
      if (member !== undefined) fresh.add(withoutRestart(member));
      if (!known && reaction.at.from < healing) found.set(service, { service, scheduled: reaction, ready: undefined });
    }
    const isFresh = member === undefined || fresh.has(withoutRestart(member));
    if (kind === 'member-ready' && known && isFresh) known.ready ??= notBefore(known.scheduled, reaction);
  }
  return [...found.values()];
}

/** A member is not ready before it was scheduled, however long nothing was heard of it. */
function notBefore(scheduled: Reaction, ready: Reaction): Reaction {
  const { at, told } = ready;
  return {
    ...ready,
    at: { from: Math.max(at.from, scheduled.at.from), to: at.to },
    told: Math.max(told, scheduled.at.from),
  };
}

/** When the last of them had its ready member; undefined if one was not seen to get one. */
export function lastReady(replaced: Replacement[]): Reaction | undefined {
  const ready = replaced.flatMap((replacement) => replacement.ready ?? []);
  if (ready.length < replaced.length) return undefined;
  return ready.reduce<Reaction | undefined>((last, one) => (last && last.told >= one.told ? last : one), undefined);
}
