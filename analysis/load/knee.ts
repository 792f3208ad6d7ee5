import { ownDrops } from '../../load/load.ts';
import type { LoadSecond } from '../../recording/recording.ts';
import { ENOUGH } from '../../scenarios/scenario.ts';

/** Where a load that rises bends, and whether the service came back when it fell. Rates per second. */
export interface Knee {
  /** The most that fell due in a second, and the most good answers to those of one second. */
  peak: number;
  best: number;
  /** The rate between those that were served and those that were not; it lies within [from, to]. Left out if it was not found. */
  bend?: { rate: number; from: number; to: number };
  /** Why it was not found, though not every second was served; left out if every one was. */
  unclear?: string;
  /**
   * Of a load that fell below the knee again: how long it was below before it was served again, ms, and the rate at that time; null if it was
   * not while it lasted.
   */
  back?: { waited: number; rate: number } | null;
  /** Where it was not: how long it was asked below the knee, ms. */
  below?: number;
  /** Of a load that bends: why it is not known whether it came back. */
  unseen?: string;
}

/** Less of what was sent in a second was answered well: not served. */
const SERVED = 0.95;
/** Nor is a second whose p99 is so many times that of the least loaded ones, and so many ms more. */
const SLOWER = 3;
const NOISE = 20;
/** A load that rises by less is no ramp. */
const RISE = 1.5;
/** As many seconds at least, on both sides of a knee. */
const LEAST = 3;
/** A bend that so large a share of seconds does not fit is none. */
const MOST_MISFITS = 0.2;

/** Between so large shares of the rise, on both sides of a knee, the rate has risen by more than this. */
const NEARBY = 0.1;
const HIGHER = 1.01;

interface Second {
  at: number;
  rate: number;
  served: boolean;
  /** The engine sent what fell due, but for a few and what it kept back because too many had no answer. */
  isAsked: boolean;
}

const NOT_SENT = 'the engine itself did not send what fell due';

/**
 * The knee of a load that rises to a peak, and falls after it or ends. Each second is served or not: at least 95 % of what was sent in it was
 * answered well, and its p99 is at most 3 times (and 20 ms more than) the median p99 of the third with the lowest rates. The knee is the rate
 * that parts the seconds of the rise best: the fewest that were not served before it, and that were after it. Undefined for a load that is no ramp.
 */
export function kneeOf([_partial, ...seconds]: readonly LoadSecond[]): Knee | undefined {
  const asked = seconds.filter(({ offered, sent }) => offered >= ENOUGH && sent > 0);
  const rates = asked.map(({ offered }) => offered);
  const peak = Math.max(0, ...rates);
  const top = rates.indexOf(peak);
  if (asked.length < 2 * LEAST || peak < RISE * rates[0]!) return undefined;
  // A ramp that rests at its top has several seconds with its highest rate, more or less.
  const last = rates.findLastIndex((rate) => rate >= peak * SERVED);
  const judged = judgedBy(asked, slowFrom(asked.slice(0, top + 1)));
  const rise = judged.slice(0, last + 1);
  const best = Math.max(...asked.map(({ ok }) => ok));
  const { from, to, misfits } = bestSplit(rise);
  if (misfits > MOST_MISFITS * rise.length) {
    return { peak, best, unclear: 'seconds that were served and seconds that were not came at the same rates' };
  }
  const [good, near] = [rise.slice(0, from), nearbyOf(rise)];
  const isSent =
    good.at(-1)?.isAsked !== false && [good, good.slice(-near), rise.slice(to, to + near)].every(isMostlyAsked);
  if (!isSent) return { peak, best, unclear: NOT_SENT };
  if (from === rise.length) return { peak, best };
  if (rise.length - from < LEAST)
    return { peak, best, unclear: 'too few seconds at the highest rates were not served' };
  if (to === 0) return { peak, best, unclear: `already at ${rise[0]!.rate}/s it was not served` };
  if (!hasRisen(rise, from, to))
    return { peak, best, unclear: 'it was served for a while, and then no longer, at the same rate' };
  // Of a slow ramp one second may have a request less than the one before.
  const sides = [rise[from - 1]?.rate ?? 0, rise[Math.min(to, rise.length - 1)]!.rate];
  const bracket = { from: Math.min(...sides), to: Math.max(...sides) };
  const bend = { rate: (bracket.from + bracket.to) / 2, ...bracket };
  return { peak, best, bend, ...backBelow(bend.from, judged.slice(last + 1)) };
}

/** How many seconds on each side of a knee tell what parts them. */
const nearbyOf = (rise: readonly Second[]) => Math.max(LEAST, Math.ceil(rise.length * NEARBY));

const isMostlyAsked = (seconds: readonly Second[]) =>
  seconds.filter(({ isAsked }) => !isAsked).length <= MOST_MISFITS * seconds.length;

/** The seconds are parted by time: a load that rests, or falls, between those that were served and those that were not has not shown a rate that parts them. */
function hasRisen(rise: readonly Second[], from: number, to: number): boolean {
  const near = nearbyOf(rise);
  const usual = (some: readonly Second[]) => upperMedian(some.map(({ rate }) => rate)) ?? 0;
  return usual(rise.slice(to, to + near)) > HIGHER * usual(rise.slice(Math.max(0, from - near), from));
}

/** Of an even number the greater of the two in the middle. Undefined of nothing. */
const upperMedian = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** p99 above this, ms, is slow for this load. */
function slowFrom(rise: readonly LoadSecond[]): number {
  const least = rise
    .toSorted((a, b) => a.offered - b.offered)
    .slice(0, Math.max(LEAST, Math.ceil(rise.length / 3)))
    .filter(({ ok }) => ok > 0)
    .map(({ p99, lateness = 0 }) => p99 - lateness);
  const usual = upperMedian(least);
  return usual === undefined ? Infinity : Math.max(SLOWER * usual, usual + NOISE);
}

function judgedBy(asked: readonly LoadSecond[], slow: number): Second[] {
  // What the engine dropped by itself, and how late it was, says nothing about the target.
  return asked.map((second) => ({
    at: second.at,
    rate: second.offered,
    served: second.ok >= SERVED * second.sent && second.p99 - (second.lateness ?? 0) <= slow,
    isAsked: ownDrops(second) <= (1 - SERVED) * second.offered,
  }));
}

/** Where seconds are parted so that the fewest that were not served come before, and that were after: the first and the last such index. */
function bestSplit(rise: readonly Pick<Second, 'served'>[]): { from: number; to: number; misfits: number } {
  let misfits = rise.filter(({ served }) => served).length;
  let best = { from: 0, to: 0, misfits };
  for (const [index, { served }] of rise.entries()) {
    misfits += served ? -1 : 1;
    if (misfits < best.misfits) best = { from: index + 1, to: index + 1, misfits };
    else if (misfits === best.misfits) best.to = index + 1;
  }
  return best;
}

/** From when on, below the knee, it was served again: parted like the rise, the other way round. Or why its seconds do not tell. */
function backBelow(knee: number, fall: readonly Second[]): Pick<Knee, 'back' | 'below' | 'unseen'> {
  const stretches = below(knee, fall);
  const stretch = stretches.find(({ length }) => length >= LEAST);
  if (!stretch)
    return {
      unseen:
        stretches.length === 0 ? 'the load never fell below that rate again' : 'its time below that rate was too short',
    };
  const { to: again, misfits } = bestSplit(stretch.map(({ served }) => ({ served: !served })));
  if (misfits > MOST_MISFITS * stretch.length)
    return { unseen: 'below that rate it was served and not served in turn' };
  if (again === stretch.length) return { back: null, below: stretch.at(-1)!.at + 1000 - stretch[0]!.at };
  const good = stretch.slice(again);
  // It may have come back then, or only have had a lucky second.
  if (good.length < LEAST) return { unseen: 'it was served in its last moments below that rate only' };
  if (!good[0]!.isAsked || !isMostlyAsked(good)) return { unseen: `${NOT_SENT} below that rate` };
  return { back: { waited: good[0]!.at - stretch[0]!.at, rate: good[0]!.rate } };
}

/** The seconds below the knee, in rows that end where the rate is above it again. */
function below(knee: number, fall: readonly Second[]): Second[][] {
  const rows: Second[][] = [[]];
  for (const second of fall) {
    if (second.rate < knee) rows.at(-1)!.push(second);
    else rows.push([]);
  }
  return rows.filter(({ length }) => length > 0);
}
