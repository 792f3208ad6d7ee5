/** Samples of another clock, on this one. */
import type { StreamSamples } from '../../probes/samples.ts';
import type { Alignment } from './alignment.ts';

/** @returns the samples on this computer's clock, and how far off any of their times may be at most, ms */
export function alignSamples(samples: StreamSamples, alignment: Alignment): { aligned: StreamSamples; error: number } {
  let error = 0;
  const onThisClock = (times: Float64Array) =>
    times.map((at) => {
      const found = alignment.offsetAt(at);
      error = Math.max(error, found.error);
      return at + found.offset;
    });
  const { due, sent, done } = samples;
  return { aligned: { ...samples, due: onThisClock(due), sent: onThisClock(sent), done: onThisClock(done) }, error };
}

/** How many samples there are before the first that is missing. */
export function wholeTo({ seq, n }: StreamSamples): number {
  let whole = 0;
  while (whole < n && seq[whole] === whole) whole++;
  return whole;
}

/** The samples that were due before a time. */
export function before(samples: StreamSamples, time: number): StreamSamples {
  let n = 0;
  while (n < samples.n && samples.due[n]! < time) n++;
  const { seq, due, sent, done, outcome, error, status, piece, instance, askedAgain, address } = samples;
  return {
    ...samples,
    n,
    seq: seq.subarray(0, n),
    due: due.subarray(0, n),
    sent: sent.subarray(0, n),
    done: done.subarray(0, n),
    outcome: outcome.subarray(0, n),
    error: error.subarray(0, n),
    status: status.subarray(0, n),
    piece: piece.subarray(0, n),
    instance: instance.subarray(0, n),
    askedAgain: askedAgain.subarray(0, n),
    address: address.subarray(0, n),
  };
}
