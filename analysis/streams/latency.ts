import { stableWindow } from '../../scenarios/scenario.ts';
import type { Latency } from '../findings.ts';
import { answerTime, BIN, indexAt, latency, probeState, type Range, type Series } from './series.ts';

/**
 * Nearest rank: the smallest value that at least the share `q` of all values does not exceed. 0 if there are none.
 */
export function percentile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

/** Of the good answers with index in [from, to), sorted, ms: from due, or as `of` says. */
export function okLatencies(series: Series, from: number, to: number, of = latency): Float64Array {
  const values = new Float64Array(Math.max(0, to - from));
  let n = 0;
  for (let i = from; i < to; i++) if (series.state[i] === probeState.ok) values[n++] = of(series, i);
  return values.subarray(0, n).sort();
}

/** Without a good answer there is no latency: NaN, null in JSON. */
export function latencyOf(series: Series, from: number, to: number): Latency {
  const sorted = okLatencies(series, from, to);
  const rank = (q: number) => (sorted.length > 0 ? percentile(sorted, q) : Number.NaN);
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), n: sorted.length };
}

/** p95 above these, ms from when probes were sent, is slow: over the stable window, and over one second. */
export interface Pace {
  window: number;
  second: number;
}

/** A rise by less than this, ms, is noise of the computers that take part: twice what this one promises of its own timers. */
const NOISE = 10;
const SLOWER = 1.5;

/**
 * What is slow on this stream: more than 1.5 times the slowest p95 in steady state over windows of the same length, and above
 * noise. The p95 of few answers varies: compared with the p95 of the entire steady state, one in ten
 * seconds of an undisturbed service would be slow. Without a good answer in steady state nothing is
 * slow.
 */
export function paceOf(series: Series, steady: Range): Pace {
  return { window: limitOver(series, steady, stableWindow(series)), second: limitOver(series, steady, BIN) };
}

/** Windows of `length` ms that end with steady state and at each second before its end; all of it if it is shorter. */
function limitOver(series: Series, steady: Range, length: number): number {
  let slowest: number | undefined;
  let to = steady.to;
  while (to > steady.from) {
    const end = series.due[to - 1]!;
    const from = Math.max(steady.from, indexAt(series, end - length));
    const sorted = okLatencies(series, from, to, answerTime);
    if (sorted.length > 0) slowest = Math.max(slowest ?? 0, percentile(sorted, 0.95));
    if (from === steady.from) break;
    to = Math.min(to - 1, indexAt(series, end - BIN));
  }
  return slowest === undefined ? Infinity : Math.max(SLOWER * slowest, slowest + NOISE);
}
