/** What users saw from a further vantage. */
import type { StreamSamples } from '../../probes/samples.ts';
import type { RunEvent, RunMeta } from '../../recording/recording.ts';
import type { VantageRecording } from '../../recording/vantage.ts';
import type { Objective, Scenario } from '../../scenarios/scenario.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Check, VantageFindings } from '../findings.ts';
import { binSeries } from '../streams/bins.ts';
import { secondBins } from '../streams/degradation.ts';
import { paceOf } from '../streams/latency.ts';
import { fitnessSoFar, proberFitness } from '../streams/prober-fitness.ts';
import { toSeries } from '../streams/series.ts';
import { spansOf, streamFindings } from '../streams/stream.ts';
import { steadyChecks, wholeChecks } from '../validity.ts';
import { alignSamples, before, wholeTo } from './aligned.ts';
import { Alignment } from './alignment.ts';
import { widenedOutages, widenedTimeline } from './widened.ts';

type End = RunEvent & { kind: 'vantage' };

/**
 * By the same rules as what was seen from here, on this computer's clock. Samples that never came are no outage: from the first of them on
 * nothing is known of that vantage.
 *
 * @param objectiveOf that of a stream
 */
export function vantageFindings(
  recorded: VantageRecording,
  { events, meta }: { events: RunEvent[]; meta: RunMeta },
  timeline: RunTimeline,
  { steady }: Pick<Scenario, 'steady'>,
  objectiveOf: (stream: string) => Objective,
): VantageFindings {
  const { name, exchanges, damages } = recorded;
  const end = events.findLast((event): event is End => event.kind === 'vantage' && event.vantage === name);
  const head = { vantage: name, place: meta.vantages?.[name] ?? '', prober: end?.report ?? null };
  const nothing = { streams: [], bins: [] };
  const isProbed = recorded.streams.length > 0 && recorded.streams.every(({ n }) => n > 0);
  if (exchanges.length === 0 || !isProbed) {
    return { ...head, ...nothing, checks: [...wholeChecks(damages), notProbed(end)] };
  }

  const alignment = new Alignment(exchanges);
  const all = recorded.streams.map((one) => alignSamples(one, alignment));
  const error = Math.max(0, ...all.map((one) => one.error));
  const until = end?.report ? Number.POSITIVE_INFINITY : knownUntil(all.map(({ aligned }) => aligned));
  const known = all.map(({ aligned }) => before(aligned, until));
  const own = { ...widenedTimeline(timeline, error), end: Math.min(timeline.end, until) };
  const series = known.map((one) => toSeries(one, end?.report?.scheduled[one.spec.name], own.end));
  const spans = series.map((one) => spansOf(one, own, steady));
  const paces = series.map((one, i) => paceOf(one, spans[i]!.steady));
  const streams = series.map((one, i) => streamFindings(one, own, spans[i]!, paces[i]!, objectiveOf(one.spec.name)));
  const binned = series.map((one, i) => ({
    stream: one.spec.name,
    writes: one.spec.writes,
    bins: binSeries(one, 0, { from: 0, to: one.n }),
    slow: paces[i]!.second,
  }));
  const isLost = until < timeline.end;
  const checks = [
    ...wholeChecks(damages),
    ...(alignment.isContradicted ? [CONTRADICTED] : []),
    ...(own.t0 && until <= own.t0.to ? [lostBefore(end)] : []),
    ...steadyChecks(series, streams, own, steady),
    end?.report ? proberFitness([{ ...end, kind: 'prober' }], series, own) : fitnessSoFar(series, own),
  ];
  return {
    ...head,
    checks,
    ...(isLost ? { until, lost: whyLost(end) } : {}),
    ...(alignment.isContradicted ? {} : { clock: { error, looks: exchanges.length } }),
    streams: streams.map((one) => widenedOutages(one, error)),
    bins: secondBins(binned),
  };
}

/** When the first sample that never came was due, on this computer's clock. */
function knownUntil(streams: StreamSamples[]): number {
  const ends = streams.map((one) => {
    const whole = wholeTo(one);
    return whole === 0 ? 0 : one.due[whole - 1]! + one.spec.every;
  });
  return Math.min(...ends);
}

const whyLost = (end: End | undefined) => end?.error ?? 'the suite was killed before its prober had ended';

const FIT = {
  kind: 'prober-fit',
  verdict: 'unknown',
  what: 'prober fit',
  wanted: 'a prober there until recovery',
} as const;

const notProbed = (end: End | undefined): Check => ({
  ...FIT,
  observed: `nothing was probed from there: ${whyLost(end)}`,
});

const lostBefore = (end: End | undefined): Check => ({ ...FIT, observed: `lost before the fault: ${whyLost(end)}` });

const CONTRADICTED: Check = {
  kind: 'prober-fit',
  verdict: 'unknown',
  what: 'clock aligned',
  observed: 'no offset between its clock and this one fits all looks at it: it was set, or stood still',
  wanted: 'a clock that runs on',
};
