import type { StreamSamples } from '../../probes/samples.ts';
import { paceOf } from './latency.ts';
import { indexAt, STABLE_WINDOW, toSeries } from './series.ts';
import { firstStable } from './stability.ts';

/** Samples are written to the file up to this long after their probes ended, ms. */
const FLUSH = 500;

/**
 * The streams that were not as good as before over the last window that is complete at `now`, by the same rule as TTSR: so a
 * run goes on until its findings will show the recovery. Times are ms since the recording's
 * origin.
 */
export function notYetStable(streams: StreamSamples[], t0: number, steady: number, now: number): string[] {
  const isStable = (samples: StreamSamples): boolean => {
    const series = toSeries(samples);
    const pace = paceOf(series, { from: indexAt(series, t0 - steady), to: indexAt(series, t0) });
    // Probes that are still in flight would look like missing ones.
    const end = now - samples.spec.timeout - FLUSH;
    const from = Math.max(indexAt(series, t0), indexAt(series, end - STABLE_WINDOW - 2 * series.every));
    return firstStable(series, from, end, pace.window).stable !== undefined;
  };
  return streams.filter((samples) => !isStable(samples)).map(({ spec }) => spec.name);
}
