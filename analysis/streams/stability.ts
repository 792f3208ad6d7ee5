import { stableWindow } from '../../scenarios/scenario.ts';
import { answerTime, probeState, type Series } from './series.ts';

/** The share of probes that must be ok for steady state, and for being as good as before. */
export const GOOD = 0.999;

const P95 = 0.95;

export interface Stability {
  /** Index of the probe at which the first stable window begins. */
  stable?: number;
  /** If there is none: index of the last probe that is certainly before it. */
  unstable?: number;
}

/**
 * The first complete window W before `end`, beginning with an ok at index ≥ `from`, with ≥ 99.9 % ok and p95 ≤ `slow`.
 * Linear time: both edges of the window only move forward.
 */
export function firstStable(series: Series, from: number, end: number, slow: number): Stability {
  const counts = { judged: 0, ok: 0, slow: 0 };
  const count = (i: number, step: 1 | -1) => {
    const state = series.state[i]!;
    if (state === probeState.prober) return;
    counts.judged += step;
    if (state !== probeState.ok) return;
    counts.ok += step;
    // Nearest rank: p95 ≤ slow exactly when enough answers are not slower.
    if (answerTime(series, i) > slow) counts.slow += step;
  };
  const window = stableWindow(series);
  let right = from;
  for (let i = from; i < series.n && series.due[i]! < end; i++) {
    const close = Math.min(series.due[i]! + window, end);
    while (right < series.n && series.due[right]! < close) count(right++, 1);
    if (right <= i) continue;
    // Of a window that is cut off by the end, the rest may have been good.
    const rest = Math.max(0, Math.ceil((series.due[i]! + window - end) / series.every));
    const ok = counts.ok + rest;
    const good = ok >= GOOD * (counts.judged + rest) && ok - counts.slow >= Math.ceil(P95 * ok);
    if (good && series.state[i] === probeState.ok) {
      // A window that is cut off by the end proves nothing, but recovery may have begun there.
      return series.due[i]! + window <= end ? { stable: i } : i > from ? { unstable: i - 1 } : {};
    }
    count(i, -1);
  }
  const last = lastBefore(series, end);
  return last >= from ? { unstable: last } : {};
}

function lastBefore(series: Series, end: number): number {
  let i = series.n - 1;
  while (i >= 0 && series.due[i]! >= end) i--;
  return i;
}
