import type { PlatformEvent } from '../../platforms/platform.ts';
import type { Bracket, RunEvent } from '../../recording/recording.ts';
import type { Mark } from '../findings.ts';
import { type FaultScope, isReplacement, lifeless, showsNotice } from './fault-scope.ts';
import type { RunTimeline } from './run-timeline.ts';

/** What the platform did of itself, and when; `at` in ms since the recording's origin. */
export interface Reaction {
  event: PlatformEvent;
  at: Bracket;
}

/** A platform's clock that differs more than this from ours, ms, is not believed. */
const PLAUSIBLE_DELAY = 60_000;
/** A stamp in whole seconds may be so much earlier than what it stamps, ms. */
const STAMP = 1000;

/**
 * Platform events since t₀. An event reaches the suite some time after it happened; where the platform's own clock
 * tells an earlier, plausible moment, that one is the beginning of the bracket. Where it tells none, and the suite could hear
 * nothing for a while, the event may have happened at any time of that.
 */
export function reactionsOf(events: RunEvent[], t0: Bracket, wallOrigin: number): Reaction[] {
  return events.flatMap((event): Reaction[] => {
    if (event.kind !== 'platform' || event.at < t0.from) return [];
    const { wall, since } = event.event;
    const deaf = since === undefined ? event.at : Math.min(event.at, since - wallOrigin);
    const stamped = wall === undefined ? event.at : wall - wallOrigin;
    const earliest = Math.min(deaf - STAMP, event.at - PLAUSIBLE_DELAY);
    const isPlausible = wall !== undefined && stamped >= Math.max(t0.from, earliest) && stamped <= event.at;
    return [{ event: event.event, at: { from: Math.max(isPlausible ? stamped : deaf, t0.from), to: event.at } }];
  });
}

/** The platform's moment of a reaction as a mark since t₀. */
export function reactionMark({ at }: Reaction, t0: Bracket): Mark {
  return { ms: at.from - t0.from, bracket: { from: Math.max(0, at.from - t0.to), to: at.to - t0.from } };
}

/** Reactions to the fault alone: what comes after healing began may be a reaction to that. */
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
  /** When it first had a ready member after that; undefined when none was seen. */
  ready: Reaction | undefined;
}

/**
 * Each service that lost a member and got a new one before healing began, in the order of scheduling. That a new one was ready
 * may come after that; what becomes of it later is the application's own story.
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
      if (member !== undefined) fresh.add(lifeless(member));
      if (!known && reaction.at.from < healing) found.set(service, { service, scheduled: reaction, ready: undefined });
    }
    const isFresh = member === undefined || fresh.has(lifeless(member));
    if (kind === 'member-ready' && known && isFresh) known.ready ??= reaction;
  }
  return [...found.values()];
}

/** When the last of them had its ready member; undefined when one did not, as far as was seen. */
export function lastReady(replaced: Replacement[]): Reaction | undefined {
  const ready = replaced.flatMap((replacement) => replacement.ready ?? []);
  if (ready.length < replaced.length) return undefined;
  return ready.reduce<Reaction | undefined>(
    (last, one) => (last && last.at.from >= one.at.from ? last : one),
    undefined,
  );
}
