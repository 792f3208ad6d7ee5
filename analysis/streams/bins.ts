import { errorClasses } from '../../probes/probe.ts';
import { okLatencies, percentile } from './latency.ts';
import { answerTime, BIN, latency, probeState, type Range, type Series } from './series.ts';

/** One second of one stream. */
export interface StreamBin {
  /** Probes that were due, except those that failed on the prober's own side. */
  scheduled: number;
  ok: number;
  /** ok, and within the objective's latency. */
  good: number;
  /** Failures because the answer was old. */
  stale: number;
  /** Of the good answers, ms from due; 0 when there were none. */
  p50: number;
  p95: number;
  /** p95 of them from when they were sent, ms. */
  answered: number;
}

const STALE = errorClasses.indexOf('stale');

/**
 * Bins of one second from `origin` on, over the probes with index in [from, to). `limit`: the objective's latency, ms.
 */
export function binSeries(series: Series, origin: number, range: Range, limit = Infinity): StreamBin[] {
  const bins: StreamBin[] = [];
  let i = range.from;
  while (i < range.to) {
    // A probe in flight when the fault hit was due a moment earlier: it belongs to the first bin.
    const index = Math.max(bins.length, Math.floor((series.due[i]! - origin) / BIN));
    while (bins.length < index) bins.push(EMPTY);
    const first = i;
    const close = origin + (index + 1) * BIN;
    const bin = emptyBin();
    do {
      const state = series.state[i]!;
      if (state !== probeState.prober) bin.scheduled++;
      if (state === probeState.ok) {
        bin.ok++;
        if (latency(series, i) <= limit) bin.good++;
      } else if (state === probeState.fail && series.error[i] === STALE) bin.stale++;
      i++;
    } while (i < range.to && series.due[i]! < close);
    const sorted = okLatencies(series, first, i);
    bin.p50 = percentile(sorted, 0.5);
    bin.p95 = percentile(sorted, 0.95);
    bin.answered = percentile(okLatencies(series, first, i, answerTime), 0.95);
    bins.push(bin);
  }
  return bins;
}

/** A second without probes. One for all: a recording may have days of them. */
const EMPTY: Readonly<StreamBin> = Object.freeze(emptyBin());

function emptyBin(): StreamBin {
  return { scheduled: 0, ok: 0, good: 0, stale: 0, p50: 0, p95: 0, answered: 0 };
}

/**
 * The lowest share of ok in any `seconds` consecutive bins; over all of them if there are fewer. 1 if no probe was
 * due.
 */
export function worstWindow(bins: StreamBin[], seconds: number): number {
  let worst = 1;
  let ok = 0;
  let scheduled = 0;
  const width = Math.min(seconds, bins.length);
  for (let i = 0; i < bins.length; i++) {
    ok += bins[i]!.ok;
    scheduled += bins[i]!.scheduled;
    if (i >= width) {
      ok -= bins[i - width]!.ok;
      scheduled -= bins[i - width]!.scheduled;
    }
    if (i >= width - 1 && scheduled > 0) worst = Math.min(worst, ok / scheduled);
  }
  return worst;
}
