import type { StreamSamples } from '../../probes/samples.ts';
import { FLUSH, wholeWindowWithin } from '../../scenarios/scenario.ts';
import { type Pace, paceOf } from './latency.ts';
import { indexAt, type Series, toSeries } from './series.ts';
import { firstStable } from './stability.ts';

/** What was slow on each stream in the `steady` ms before t₀. Any part of a recording will do that has all samples of that time. */
export function pacesBefore(streams: StreamSamples[], t0: number, steady: number): Pace[] {
  return streams.map((samples) => {
    const series = partOf(samples);
    return paceOf(series, { from: indexAt(series, t0 - steady), to: indexAt(series, t0) });
  });
}

/**
 * The streams of which no window was as good as before among those that have become complete between the look before, `lookedAt`, and
 * `now`, by the same rule as TTSR: so a run goes on until its findings will show the recovery. Only samples of probes that ended in the
 * last `neededFor` ms before `lookedAt` or later are looked at. Times are ms since the recording's origin.
 */
export function notYetStable(
  streams: StreamSamples[],
  paces: Pace[],
  t0: number,
  now: number,
  lookedAt = now,
): string[] {
  const isStable = (samples: StreamSamples, { window }: Pace): boolean => {
    const series = partOf(samples);
    // Probes that are still in flight would look like missing ones.
    const decided = (at: number) => at - samples.spec.timeout - FLUSH;
    const from = Math.max(indexAt(series, t0), indexAt(series, lookedAt - wholeWindowWithin(samples.spec)));
    return firstStable(series, from, decided(now), window).stable !== undefined;
  };
  return streams.filter((samples, i) => !isStable(samples, paces[i]!)).map(({ spec }) => spec.name);
}

/** How far back `notYetStable` looks, ms. */
export function neededFor(streams: StreamSamples['spec'][]): number {
  return streams.reduce((most, spec) => Math.max(most, wholeWindowWithin(spec)), 0);
}

/** Numbered from its first sample on: what came before it is not missing. */
function partOf(samples: StreamSamples): Series {
  const first = samples.seq[0] ?? 0;
  return toSeries(first === 0 ? samples : { ...samples, seq: samples.seq.map((seq) => seq - first) });
}
