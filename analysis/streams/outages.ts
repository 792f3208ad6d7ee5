import { errorClasses } from '../../probes/probe.ts';
import type { StreamSamples } from '../../probes/samples.ts';
import type { Outage } from '../findings.ts';
import { answerTime, failed, probeState, type Series, toSeries } from './series.ts';

/** Failures in a row from which on an outage can be the headline: a single lost packet is listed but is no headline. */
export const HEADLINE = 3;

/** How many good answers give the usual answer time if the first failure is a timeout. */
const USUAL = 100;
const TIMEOUT = errorClasses.indexOf('timeout');

/** A maximal run of failures, by index into its series. */
export interface FailureRun {
  first: number;
  last: number;
  failures: number;
  /** Index of the last ok before and the first ok after; undefined where there was none. */
  okBefore: number | undefined;
  okAfter: number | undefined;
}

/**
 * Every outage of a stream: maximal runs of at least `k` consecutive probes that were not ok. An `indeterminate` write is not
 * ok: its user got no answer. Probes that are missing or failed on the prober's own side neither start nor end an
 * outage.
 */
export function findOutages(samples: StreamSamples, k = 1): Outage[] {
  const series = toSeries(samples);
  return failureRuns(series, k).map((run) => toOutage(series, run));
}

export function failureRuns(series: Series, k = 1): FailureRun[] {
  const runs: FailureRun[] = [];
  let open: FailureRun | undefined;
  let okBefore: number | undefined;
  for (let i = 0; i < series.n; i++) {
    const state = series.state[i]!;
    if (failed(state)) {
      open ??= { first: i, last: i, failures: 0, okBefore, okAfter: undefined };
      open.last = i;
      open.failures++;
    } else if (state === probeState.ok) {
      if (open && open.failures >= k) runs.push({ ...open, okAfter: i });
      open = undefined;
      okBefore = i;
    }
  }
  if (open && open.failures >= k) runs.push(open);
  return runs;
}

/**
 * The brackets follow from what an answer proves. An ok proves that the service worked at some moment between sending and
 * answer, a failure that at some such moment it did not. So the outage began after the last ok was sent and before the
 * first failure was seen, and it ended after the last failure was sent and before the first ok was
 * answered.
 */
export function toOutage(series: Series, run: FailureRun): Outage {
  const firstSent = series.sent[run.first]!;
  const lastSent = series.sent[run.last]!;
  const start = {
    // Nothing is known about the time before the first ok: the outage begins at the recording's origin.
    from: run.okBefore === undefined ? 0 : Math.min(series.sent[run.okBefore]!, firstSent),
    to: seenToFail(series, run.first, run.okBefore),
  };
  const open = run.okAfter === undefined;
  const endSeen = series.done[run.okAfter ?? run.last]!;
  const end = { from: lastSent, to: Math.max(endSeen, lastSent) };
  return {
    start,
    end,
    open,
    inner: Math.max(0, end.from - start.to),
    outer: Math.max(0, end.to - start.from),
    failures: run.failures,
    errors: countErrors(series, run.first, run.last + 1),
    ...instancesAround(series, run),
  };
}

/** Who served last, and who served next: whoever stopped is named by its answers, not by what the platform says. */
function instancesAround(series: Series, { okBefore, okAfter }: FailureRun): Pick<Outage, 'instances'> {
  const nameAt = (at: number | undefined) => (at === undefined ? undefined : series.instances[series.instance[at]!]);
  const [before, after] = [nameAt(okBefore), nameAt(okAfter)];
  if (!before && !after) return {};
  return { instances: { ...(before ? { before } : {}), ...(after ? { after } : {}) } };
}

/**
 * The latest moment at which what made a probe fail can have begun. A refusal or a reset is seen when it
 * arrives. A timeout says nothing about when: had the service still worked, the answer would have come within the usual
 * time, which is that of the slowest of the last good answers before it.
 */
export function seenToFail(series: Series, index: number, okBefore = index - 1): number {
  const sent = series.sent[index]!;
  const done = Math.max(sent, series.done[index]!);
  if (series.error[index] !== TIMEOUT) return done;
  let usual = 0;
  let seen = 0;
  for (let i = okBefore; i >= 0 && seen < USUAL; i--) {
    if (series.state[i] !== probeState.ok) continue;
    usual = Math.max(usual, answerTime(series, i));
    seen++;
  }
  return seen === 0 ? done : Math.min(done, sent + usual);
}

/** Failures by error class, in the order of the classes. */
export function countErrors(series: Series, from: number, to: number): Record<string, number> {
  const counts = new Array<number>(errorClasses.length).fill(0);
  for (let i = from; i < to; i++) {
    const error = series.error[i]!;
    if (failed(series.state[i]!) && error < counts.length) counts[error]!++;
  }
  return Object.fromEntries(
    errorClasses.map((name, code) => [name, counts[code]!] as const).filter(([, count]) => count > 0),
  );
}
