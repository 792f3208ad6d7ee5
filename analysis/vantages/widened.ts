/** Brackets of times that were read on another clock: wider by what is not known of it. */
import type { Bracket } from '../../units/bracket.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Mark, Outage, StreamFindings } from '../findings.ts';

/**
 * When things were done to the cluster, as seen from a clock of which `error` ms are not known. With that, the brackets of all marks since then
 * are wider, and a failure that the fault may have caused is none of the steady state.
 */
export function widenedTimeline(timeline: RunTimeline, error: number): RunTimeline {
  const { t0, healing } = timeline;
  return { ...timeline, t0: t0 && widenedBracket(t0, error), healing: healing && widenedBracket(healing, error) };
}

/** The outages of a stream, and how long it had errors: times of which each may be off by `error` ms, and lengths of two such times. */
export function widenedOutages(stream: StreamFindings, error: number): StreamFindings {
  const { headline } = stream;
  return {
    ...stream,
    errorWindow: widenedLength(stream.errorWindow, 2 * error),
    outages: stream.outages.map((outage) => widenedOutage(outage, error)),
    ...(stream.longestOutage ? { longestOutage: widenedLength(stream.longestOutage, 2 * error) } : {}),
    headline: headline && widenedOutage(headline, error),
  };
}

function widenedLength(length: Mark, error: number): Mark {
  const { bracket, beyond } = length;
  return {
    ...length,
    ...(bracket ? { bracket: widenedBracket(bracket, error) } : {}),
    ...(beyond === undefined ? {} : { beyond: Math.max(0, beyond - error) }),
  };
}

function widenedOutage(outage: Outage, error: number): Outage {
  return {
    ...outage,
    start: widenedBracket(outage.start, error),
    end: widenedBracket(outage.end, error),
    inner: Math.max(0, outage.inner - 2 * error),
    outer: outage.outer + 2 * error,
  };
}

function widenedBracket({ from, to }: Bracket, error: number): Bracket {
  return { from: Math.max(0, from - error), to: to + error };
}
