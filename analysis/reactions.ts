import type { PlatformEvent } from '../platforms/platform.ts';
import type { Bracket, RunEvent } from '../run/recording.ts';
import type { Course } from './course.ts';
import type { Mark } from './findings.ts';

/** What the platform did of itself, and when; `at` in ms since the recording's origin. */
export interface Reaction {
  event: PlatformEvent;
  at: Bracket;
}

/** A platform's clock that differs more than this from ours, ms, is not believed. */
const PLAUSIBLE_DELAY = 60_000;

/**
 * Platform events since t₀. An event reaches the suite some time after it happened; where the platform's own clock
 * tells an earlier, plausible moment, that one is the beginning of the bracket.
 */
export function reactionsOf(events: RunEvent[], t0: Bracket, wallOrigin: number): Reaction[] {
  return events.flatMap((event): Reaction[] => {
    if (event.kind !== 'platform' || event.at < t0.from) return [];
    const told = event.event.wall === undefined ? event.at : event.event.wall - wallOrigin;
    const isPlausible = told >= t0.from && told <= event.at && event.at - told <= PLAUSIBLE_DELAY;
    return [{ event: event.event, at: { from: isPlausible ? told : event.at, to: event.at } }];
  });
}

/** The platform's moment of a reaction as a mark since t₀. */
export function reactionMark({ at }: Reaction, t0: Bracket): Mark {
  return { ms: at.from - t0.from, bracket: { from: Math.max(0, at.from - t0.to), to: at.to - t0.from } };
}

/** Reactions to the fault alone: what comes after healing began may be a reaction to that. */
export function untilHealing(reactions: Reaction[], course: Course): Reaction[] {
  const { healing } = course;
  return healing ? reactions.filter(({ at }) => at.from < healing.from) : reactions;
}

const NOTICING: ReadonlySet<PlatformEvent['kind']> = new Set([
  'node-down',
  'leader-changed',
  'member-failed',
  'member-stopped',
  'member-scheduled',
]);

/** What shows that the platform noticed the fault, and not only that the suite lost sight of it. */
export function firstNotice(reactions: Reaction[]): Reaction | undefined {
  return reactions.find(({ event }) => NOTICING.has(event.kind));
}

export interface Replacement {
  service: string;
  scheduled: Reaction;
  /** When it first had a ready member after that; undefined when none was seen. */
  ready: Reaction | undefined;
}

/**
 * Each service that got a new member before healing began, in the order of scheduling. That it was ready may come
 * after that; what becomes of it later is the application's own story.
 */
export function replacements(reactions: Reaction[], course: Course): Replacement[] {
  const healing = course.healing?.from ?? Infinity;
  const found = new Map<string, Replacement>();
  for (const reaction of reactions) {
    const { kind, service } = reaction.event;
    if (service === undefined) continue;
    const known = found.get(service);
    const isReplacing = kind === 'member-scheduled' && reaction.at.from < healing;
    if (isReplacing && !known) found.set(service, { service, scheduled: reaction, ready: undefined });
    if (kind === 'member-ready' && known) known.ready ??= reaction;
  }
  return [...found.values()];
}

/** When the last of them had its ready member; undefined when not one did. */
export function lastReady(replaced: Replacement[]): Reaction | undefined {
  const ready = replaced.flatMap((replacement) => replacement.ready ?? []);
  return ready.reduce<Reaction | undefined>(
    (last, one) => (last && last.at.from >= one.at.from ? last : one),
    undefined,
  );
}
