import { type FailureRun, failureRuns, toOutage } from '../../analysis/streams/outages.ts';
import { toSeries } from '../../analysis/streams/series.ts';
import type { StreamSamples } from '../samples.ts';
import type { Moment, TrueOutage } from './truth.ts';

export interface EdgeCheck {
  found: number;
  /** Greatest distance of a found edge (due of the first failure, due of the first ok after) from the true one, ms. */
  maxErrorMs: number;
  /** Edges whose truth is not in their bracket, and both edges of each outage that was not found at all. */
  outsideBracket: number;
  /** Outages that the prober reported although there were none. */
  invented: number;
}

/** Shorter true outages may fall between two probes. */
const SURE = 1.05;

/**
 * Compares what one stream's samples say with what its target did. An outage during one of the server's own `stalls`
 * really happened, but its edges are not known.
 */
export function checkEdges(samples: StreamSamples, truth: TrueOutage[], stalls: TrueOutage[]): EdgeCheck {
  const series = toSeries(samples);
  const check: EdgeCheck = { found: 0, maxErrorMs: 0, outsideBracket: 0, invented: 0 };
  const matched = new Set<TrueOutage>();
  for (const run of failureRuns(series)) {
    const { start, end } = toOutage(series, run);
    const within = (real: TrueOutage) => real.start.from <= end.to && real.end.to >= start.from;
    const overlapping = truth.filter(within);
    const real = nearest(overlapping, series.due[run.first]!);
    if (!real) {
      if (!stalls.some(within)) check.invented++;
      continue;
    }
    check.found++;
    matched.add(real);
    if (!overlaps(real.start, start)) check.outsideBracket++;
    if (!overlaps(real.end, end)) check.outsideBracket++;
    const dues = edgesOf(run, series.due);
    check.maxErrorMs = Math.max(check.maxErrorMs, distance(dues.start, real.start), distance(dues.end, real.end));
  }
  const missed = truth.filter((real) => !matched.has(real) && real.end.from - real.start.to > SURE * series.every);
  check.outsideBracket += 2 * missed.length;
  return check;
}

function edgesOf(run: FailureRun, due: Float64Array): { start: number; end: number } {
  return { start: due[run.first]!, end: run.okAfter === undefined ? Number.POSITIVE_INFINITY : due[run.okAfter]! };
}

function nearest(outages: TrueOutage[], due: number): TrueOutage | undefined {
  return outages.toSorted((a, b) => distance(due, a.start) - distance(due, b.start))[0];
}

function distance(time: number, moment: Moment): number {
  return Math.max(0, moment.from - time, time - moment.to);
}

function overlaps(a: Moment, b: Moment): boolean {
  return a.from <= b.to && b.from <= a.to;
}
