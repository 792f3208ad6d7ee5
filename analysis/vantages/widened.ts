/** Brackets of times that were read on another clock: wider by what is not known of it. */
import type { Bracket } from '../../units/bracket.ts';
import type { Mark, Outage, StreamFindings } from '../findings.ts';

/**
 * @param error how far off each time may be, ms. A mark since the fault has one such time, a length two.
 */
export function widened(stream: StreamFindings, error: number): StreamFindings {
  const since = (mark: Mark) => widenedMark(mark, error);
  const { afterHealing, headline } = stream;
  return {
    ...stream,
    tte: since(stream.tte),
    ttfs: since(stream.ttfs),
    ttsr: since(stream.ttsr),
    ...(afterHealing ? { afterHealing: since(afterHealing) } : {}),
    errorWindow: widenedMark(stream.errorWindow, 2 * error),
    outages: stream.outages.map((outage) => widenedOutage(outage, error)),
    headline: headline && widenedOutage(headline, error),
  };
}

function widenedMark(mark: Mark, error: number): Mark {
  const { bracket, beyond } = mark;
  // Nobody noticed anything: that does not depend on any clock.
  if (mark.ms === 0 && bracket?.to === 0) return mark;
  return {
    ...mark,
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
