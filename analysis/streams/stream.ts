import type { Bracket } from '../../recording/recording.ts';
import type { Objective } from '../../scenarios/scenario.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Mark, Outage, StreamFindings } from '../findings.ts';
import { binSeries, worstWindow } from './bins.ts';
import { degradationScore, degradedSeconds, resilience } from './degradation.ts';
import { latencyOf, okLatencies, type Pace, percentile } from './latency.ts';
import { errorWindow, type Seen, timeToEffect, timeToFirstSuccess, timeToStableRecovery } from './marks.ts';
import { countErrors, failureRuns, HEADLINE, seenToFail, toOutage } from './outages.ts';
import { answerTime, failed, indexAt, latency, probeState, type Range, type Series } from './series.ts';

const MONTH_SECONDS = 30 * 86_400;

/** `vote.reused` is a stream of the probe `vote`. */
export function probeOf(stream: string): string {
  return stream.replace(/\.reused$/, '');
}

/** There is an answer, or the lack of one, to go by. */
export function wasProbed({ steady, during }: StreamFindings): boolean {
  return steady.scheduled + during.ok + during.failed + during.indeterminate > 0;
}

/** … since the fault: only then is no outage a finding. */
export function wasProbedSince({ during }: StreamFindings): boolean {
  return during.ok + during.failed + during.indeterminate > 0;
}

/** The parts of a series in steady state and since the fault. */
export interface Spans {
  steady: Range;
  during: Range;
}

/** Without a fault everything that is judged is steady state, and nothing comes after it. */
export function spansOf(series: Series, timeline: RunTimeline, steady: number): Spans {
  const end = indexAt(series, timeline.end);
  if (!timeline.t0) return { steady: { from: 0, to: end }, during: { from: end, to: end } };
  let from = indexAt(series, timeline.t0.from);
  // Probes in flight when the fault hit that then failed are attributed to it, whatever became of others that were sent after them.
  // One that was seen to fail before it was, is none of its doing.
  const { timeout } = series.spec;
  for (let i = from - 1; i >= 0 && series.due[i]! >= timeline.t0.from - timeout; i--)
    if (failed(series.state[i]!) && seenToFail(series, i) >= timeline.t0.from) from = i;
  const begin = Math.min(from, indexAt(series, timeline.t0.from - steady));
  return { steady: { from: begin, to: from }, during: { from, to: Math.max(from, end) } };
}

/** The longest time since the fault in which no probe was sent, ms: what happened in it nobody looked at. */
function longestGap({ sent, state, n }: Series, { from, to }: Range): number {
  let longest = 0;
  let last = from > 0 ? sent[from - 1] : undefined;
  for (let i = from; i < Math.min(to, n); i++) {
    if (state[i] === probeState.prober) continue;
    if (last !== undefined) longest = Math.max(longest, sent[i]! - last);
    last = sent[i]!;
  }
  return longest;
}

interface Counts {
  scheduled: number;
  ok: number;
  failed: number;
  indeterminate: number;
  /** ok, and within the objective's latency. */
  good: number;
}

function countStates(series: Series, { from, to }: Range, limit = Infinity): Counts {
  const counts = { scheduled: 0, ok: 0, failed: 0, indeterminate: 0, good: 0 };
  for (let i = from; i < to; i++) {
    const state = series.state[i];
    if (state === probeState.prober) continue;
    counts.scheduled++;
    if (state === probeState.fail) counts.failed++;
    if (state === probeState.indeterminate) counts.indeterminate++;
    if (state !== probeState.ok) continue;
    counts.ok++;
    if (latency(series, i) <= limit) counts.good++;
  }
  return counts;
}

/** Every number of one stream. `spans` and `pace` are its own. */
export function streamFindings(
  series: Series,
  timeline: RunTimeline,
  spans: Spans,
  pace: Pace,
  objective: Objective,
): StreamFindings {
  const { spec } = series;
  const limit = objective.p95 ?? Infinity;
  const steady = countStates(series, spans.steady, limit);
  const during = countStates(series, spans.during, limit);
  const steadyLatency = latencyOf(series, spans.steady.from, spans.steady.to);
  const listed = failureRuns(series)
    .map((run) => ({ run, outage: toOutage(series, run) }))
    // Before steady state the service was still being deployed: not answering yet is no outage.
    .filter(({ run }) => run.last >= spans.steady.from && run.first < spans.during.to);
  const since = listed.filter(({ run }) => run.last >= spans.during.from);

  const t0: Bracket = timeline.t0 ?? { from: timeline.end, to: timeline.end };
  const seen: Seen = { series, from: spans.during.from, timeline, t0, runs: since, slow: pace.window };
  const { ttsr, afterHealing } = timeline.t0 ? timeToStableRecovery(seen) : { ttsr: {} };
  const tte = timeToEffect(seen);
  const bins = binSeries(series, t0.from, spans.during, limit);
  const untilStable = bins.slice(0, Math.ceil((ttsr.ms ?? timeline.end - t0.from) / 1000));
  const { loss, minQ } = resilience(untilStable, share(steady.good, steady.scheduled));
  // If no probe was due nothing is known: NaN, so that nobody reads it as nothing or as everything.
  const known = (value: number) => (during.scheduled > 0 ? value : Number.NaN);
  const errorSeconds = known(((during.failed + during.indeterminate) * series.every) / 1000);
  const watched = Math.max(0, timeline.end - t0.from) / 1000;
  const worst = (seconds: number) => known(worstWindow(bins, seconds));
  const steadySeconds = (steady.scheduled * series.every) / 1000;
  const used = bins.filter(({ scheduled }) => scheduled > 0);

  return {
    stream: spec.name,
    every: spec.every,
    connection: spec.connection,
    writes: spec.writes,
    steady: { scheduled: steady.scheduled, ok: steady.ok, latency: steadyLatency },
    during: {
      scheduled: during.scheduled,
      ok: during.ok,
      failed: during.failed,
      indeterminate: during.indeterminate,
      latency: latencyOf(series, spans.during.from, spans.during.to),
      answered: percentile(okLatencies(series, spans.during.from, spans.during.to, answerTime), 0.95),
      gap: longestGap(series, spans.during),
    },
    availability: during.ok / during.scheduled,
    wholeSeconds: used.filter(({ ok, scheduled }) => ok === scheduled).length / used.length,
    worst: { s1: worst(1), s10: worst(10), s60: worst(60) },
    tte,
    ttfs: timeToFirstSuccess(seen),
    ttsr,
    ...(afterHealing ? { afterHealing } : {}),
    errorWindow: errorWindow(seen),
    errorSeconds,
    degradedSeconds: known(degradedSeconds(untilStable, pace.second)),
    goodput: { steady: share(steady.good, steadySeconds), during: known(share(during.good, watched)) },
    resilienceLoss: known(loss),
    degradationScore: degradationScore(loss, tte.ms, ttsr.ms),
    minQ: known(minQ),
    errorBudget: errorBudget(errorSeconds, objective.availability),
    outages: listed.map(({ outage }) => outage),
    longestOutage: during.scheduled === 0 ? {} : lengthOfLongest(since.map(({ outage }) => outage)),
    headline: longest(since.filter(({ run }) => run.failures >= HEADLINE).map(({ outage }) => outage)),
    errors: countErrors(series, spans.during.from, spans.during.to),
    instances: countInstances(series, spans.during),
    ...connectionsOf(series, { from: spans.steady.from, to: spans.during.to }),
  };
}

/** ∫ error dt as a share of what the objective allows in 30 days. An objective of 100 % has no error budget. */
function errorBudget(errorSeconds: number, objective: number | undefined): number | undefined {
  if (objective === undefined || objective >= 1) return undefined;
  return errorSeconds / ((1 - objective) * MONTH_SECONDS);
}

function longest(outages: Outage[]): Outage | undefined {
  return outages.reduce<Outage | undefined>((most, one) => (most && most.outer >= one.outer ? most : one), undefined);
}

function lengthOfLongest(outages: Outage[]): Mark {
  if (outages.length === 0) return { ms: 0 };
  const from = outages.reduce((most, { inner }) => Math.max(most, inner), 0);
  if (outages.some(({ open }) => open)) return { beyond: from };
  const to = outages.reduce((most, { outer }) => Math.max(most, outer), 0);
  return { ms: to, bracket: { from, to } };
}

/** Good answers by the name of the instance that answered. */
function countInstances(series: Series, { from, to }: Range): Record<string, number> {
  const counts = new Map<string, number>();
  for (let i = from; i < to; i++) {
    const name = series.instances[series.instance[i]!] ?? '';
    if (name !== '' && series.state[i] === probeState.ok) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How often a kept connection had been closed, and which addresses answered. */
function connectionsOf(series: Series, { from, to }: Range): Pick<StreamFindings, 'askedAgain' | 'addresses'> {
  const counts = new Map<string, number>();
  let askedAgain = 0;
  for (let i = from; i < to; i++) {
    askedAgain += series.askedAgain[i]!;
    const address = series.addresses[series.address[i]!] ?? '';
    if (address !== '') counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return {
    ...(askedAgain > 0 ? { askedAgain } : {}),
    ...(counts.size > 1 ? { addresses: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))) } : {}),
  };
}

/** NaN if the total is 0. */
function share(part: number, total: number): number {
  return total > 0 ? part / total : Number.NaN;
}
