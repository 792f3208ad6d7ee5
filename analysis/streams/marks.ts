import type { Bracket } from '../../recording/recording.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Mark, Outage } from '../findings.ts';
import { type FailureRun, HEADLINE } from './outages.ts';
import { relapseAfter } from './relapse.ts';
import { probeState, type Series } from './series.ts';
import { firstStable, type Stability } from './stability.ts';

/** What the marks of one stream are computed from. */
export interface Seen {
  series: Series;
  /** Index of the first probe that the fault may have affected. */
  from: number;
  timeline: RunTimeline;
  t0: Bracket;
  /** Every run of failures since `from`, with its outage. */
  runs: { run: FailureRun; outage: Outage }[];
  /** A stable window's p95 is at most this, ms. */
  slow: number;
}

/**
 * ms since t₀'s beginning, never before it: a probe that was in flight when the fault came is due a moment earlier.
 */
function since(t0: { from: number }, time: number): number {
  return Math.max(0, time - t0.from);
}

/** TTE: due of the first failure − t₀. Its bracket is the start of the outage, widened by the bracket of t₀. */
export function timeToEffect({ series, t0, runs }: Seen): Mark {
  const first = runs[0];
  if (!first) return {};
  const bracket = { from: since({ from: t0.to }, first.outage.start.from), to: since(t0, first.outage.start.to) };
  return { ms: since(t0, series.due[first.run.first]!), bracket };
}

/** TTFS: due of the first ok after the first failure − t₀. */
export function timeToFirstSuccess({ series, t0, runs, timeline }: Seen): Mark {
  const first = runs[0];
  if (!first) return {};
  const { okAfter } = first.run;
  if (okAfter === undefined || series.due[okAfter]! >= timeline.end)
    return { beyond: since({ from: t0.to }, timeline.end) };
  const bracket = { from: since({ from: t0.to }, first.outage.end.from), to: since(t0, first.outage.end.to) };
  return { ms: since(t0, series.due[okAfter]!), bracket };
}

/** First failure → last failure; the bracket spans from the shortest to the longest possible length. Censored if it was not over. */
export function errorWindow({ series, runs }: Seen): Mark {
  const first = runs[0];
  const last = runs.at(-1);
  if (!first || !last) return {};
  if (last.outage.open) return { beyond: series.due[last.run.last]! - series.due[first.run.first]! };
  const bracket = {
    from: Math.max(0, last.outage.end.from - first.outage.start.to),
    to: last.outage.end.to - first.outage.start.from,
  };
  return { ms: series.due[last.run.last]! - series.due[first.run.first]!, bracket };
}

export interface Recovery {
  ttsr: Mark;
  afterHealing?: Mark;
}

/**
 * TTSR: beginning of the first stable window since t₀. It must stay stable: after a relapse while the fault lasts, the search starts
 * again. Failures after the start of healing have another cause; their recovery is measured from there.
 */
export function timeToStableRecovery(seen: Seen): Recovery {
  const { series, timeline, t0 } = seen;
  const rows = seen.runs.filter(({ run }) => run.failures >= HEADLINE).map(({ run }) => run);
  const recovered = search(seen, rows, seen.from, timeline.healing?.from);
  const undisturbed = recovered.stable !== undefined && recovered.stable === firstJudged(series, seen.from);
  // Until the first answer nobody had looked.
  const ttsr = undisturbed
    ? { ms: 0, bracket: { from: 0, to: since(t0, series.done[recovered.stable!]!) } }
    : toMark(seen, recovered, t0);
  if (recovered.stable === undefined || !timeline.healing) return { ttsr };

  const relapse = relapseAfter(series, rows, recovered.stable, { from: timeline.healing.from, end: timeline.end });
  if (relapse === undefined) return { ttsr };
  return { ttsr, afterHealing: toMark(seen, search(seen, rows, relapse), timeline.healing) };
}

/** The first stable window from index `from` on that is not followed by a relapse before the time `until`. */
function search({ series, timeline, slow }: Seen, rows: FailureRun[], from: number, until?: number): Stability {
  const lastDue = series.due[series.n - 1] ?? 0;
  const end = Math.min(timeline.end, lastDue + series.every);
  for (;;) {
    const found = firstStable(series, from, end, slow);
    if (found.stable === undefined) return found;
    const relapse = relapseAfter(series, rows, found.stable, { until, end });
    if (relapse === undefined) return found;
    from = relapse;
  }
}

function toMark({ series, timeline }: Seen, found: Stability, zero: Bracket): Mark {
  if (found.stable === undefined) {
    // Not stable at least until the last probe at which no stable window can begin.
    const until = found.unstable === undefined ? zero.from : series.due[found.unstable]!;
    return { beyond: since({ from: zero.to }, Math.min(until, timeline.end)) };
  }
  const due = series.due[found.stable]!;
  const before = judgedBefore(series, found.stable);
  const bracket = {
    from: since({ from: zero.to }, before === undefined ? zero.from : series.due[before]!),
    to: since(zero, series.done[found.stable]!),
  };
  return { ms: since(zero, due), bracket };
}

/** One that the prober left out may have been a good answer. */
function judgedBefore({ state }: Series, index: number): number | undefined {
  let i = index - 1;
  while (i >= 0 && (state[i] === probeState.prober || state[i] === probeState.missing)) i--;
  return i < 0 ? undefined : i;
}

function firstJudged({ state, n }: Series, from: number): number {
  let i = from;
  while (i < n && state[i] === probeState.prober) i++;
  return i;
}
