import type { Latency } from './findings.ts';
import { latency, probeState, type Series } from './series.ts';

/** Nearest rank: the smallest value that at least the share `q` of all values does not exceed. 0 when there are none. */
export function percentile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

/** Latencies of the good answers with index in [from, to), sorted, ms from due. */
export function okLatencies(series: Series, from: number, to: number): Float64Array {
  const values = new Float64Array(Math.max(0, to - from));
  let n = 0;
  for (let i = from; i < to; i++) if (series.state[i] === probeState.ok) values[n++] = latency(series, i);
  return values.subarray(0, n).sort();
}

export function latencyOf(series: Series, from: number, to: number): Latency {
  const sorted = okLatencies(series, from, to);
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    n: sorted.length,
  };
}

/** A rise by less than this, ms, is the prober's own noise: it promises its schedule to 5 ms. */
const NOISE = 5;
const SLOWER = 1.5;

/** p95 above this, ms, is slow: half as long again as in steady state, and more than the prober's own noise. */
export function slowLimit(steady: Latency): number {
  return steady.n === 0 ? Infinity : Math.max(SLOWER * steady.p95, steady.p95 + NOISE);
}
