import type { Inspection } from '../platforms/platform.ts';
import type { PredictedWindow } from '../platforms/prediction.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { Recording } from '../recording/read.ts';
import type { RunEvent, RunMeta } from '../recording/recording.ts';
import type { Objective, Scenario } from '../scenarios/scenario.ts';
import { formatDuration } from '../units/units.ts';
import { certificatesOf } from './events/certificates.ts';
import { configurationOf, inspectionBefore } from './events/configuration.ts';
import { type Aimed, aimedOf, faultScopeOf, type MeaningOf } from './events/fault-scope.ts';
import { gaugesOf } from './events/gauges.ts';
import {
  firstNotice,
  lastToNotice,
  type Replacement,
  reactionMark,
  reactionsOf,
  replacements,
  unseenUntil,
  untilHealing,
} from './events/reactions.ts';
import { recoverySplit } from './events/recovery-split.ts';
import { type RunTimeline, runTimelineOf } from './events/run-timeline.ts';
import { timelineOf } from './events/timeline.ts';
import { warningsOf } from './events/warnings.ts';
import { watchedUntil } from './events/watched.ts';
import type { Check, Durability, Findings, LargeFile, LoadFindings, StreamFindings } from './findings.ts';
import { loadSentCheck, thresholdChecks } from './load/checks.ts';
import { loadDurability } from './load/durability.ts';
import { loadOf } from './load/load.ts';
import { loadWarnings } from './load/warnings.ts';
import { durabilityCheck, largeFileCheck, objectiveChecks } from './objectives.ts';
import { predict, whyUnpredicted } from './prediction/predict.ts';
import { checkPrediction } from './prediction/prediction-check.ts';
import { binSeries } from './streams/bins.ts';
import { countClasses, secondBins } from './streams/degradation.ts';
import { durabilityOf } from './streams/durability.ts';
import { largeFileOf } from './streams/large-file.ts';
import { paceOf } from './streams/latency.ts';
import { proberFitness } from './streams/prober-fitness.ts';
import { type Series, toSeries } from './streams/series.ts';
import { staleStep, staleTails } from './streams/stale-connections.ts';
import { probeOf, spansOf, streamFindings } from './streams/stream.ts';
import {
  claimChecks,
  confirmationChecks,
  notValid,
  steadyChecks,
  stopChecks,
  unrecordedChecks,
  watchCheck,
  wholeChecks,
} from './validity.ts';
import { vantageFindings } from './vantages/vantage.ts';
import { mergeVerdicts, sortChecks, unknownUnlessValid } from './verdict.ts';

/**
 * Recording in, findings out: no clock, no I/O, so the same recording gives the same findings, byte for byte.
 * `scenario` can replace the objectives, steady state and horizon; what was done to the cluster is always taken from the recording.
 * `meaningOf` is used when the recording does not say what a fault means.
 * Never throws: a truncated or damaged recording is judged as far as it goes, and what is missing from it is unknown. What is pending in
 * the undo journal is not known here.
 */
export function judge(
  recording: Recording,
  scenario: Scenario = recording.meta.scenario,
  meaningOf: MeaningOf = () => ({ kind: 'nothing' }),
): Findings {
  const { meta, events } = recording;
  const aimed = aimedOf(events, meta.scenario.faults, meaningOf);
  const faults = meta.scenario.faults.map((use, i) => ({
    fault: use.fault,
    meaning: aimed[i]?.meaning ?? meaningOf(use),
  }));
  const lastDue = recording.streams.reduce((last, { n, due }) => (n > 0 ? Math.max(last, due[n - 1]!) : last), 0);
  const report = events.findLast((event) => event.kind === 'prober');
  const prober = report?.kind === 'prober' ? report.report : null;
  const whole = runTimelineOf(events, meta.scenario, scenario.horizon, lastDue);
  const timeline = prober === null ? withoutProberSince(lastDue, whole) : whole;
  const series = recording.streams.map((one) => toSeries(one, scheduledOf(prober, one.spec.name), timeline.end));

  const spans = series.map((one) => spansOf(one, timeline, scenario.steady));
  const paces = series.map((one, i) => paceOf(one, spans[i]!.steady));
  const streams = series.map((one, i) =>
    streamFindings(one, timeline, spans[i]!, paces[i]!, objectiveIn(scenario, one.spec.name)),
  );
  const durability = [
    ...series.filter(({ spec }) => spec.writes).map((one) => durabilityOf(one, events, prober === null)),
    ...[loadDurability(events)].filter((found) => found !== undefined),
  ];
  const bins = secondBins(
    series.map((one, i) => ({
      stream: one.spec.name,
      writes: one.spec.writes,
      bins: binSeries(one, 0, { from: 0, to: one.n }),
      slow: paces[i]!.second,
    })),
  );
  const gauges = gaugesOf(events);
  const certificates = certificatesOf(events);
  const largeFiles = recording.streams
    .map((one) => largeFileOf(one, timeline.t0?.from))
    .filter((one) => one !== undefined);
  // Load and vantages have seen what they saw, whatever became of the prober.
  const load = loadOf(recording, whole, scenario.steady);
  const objectiveOf = (stream: string) => objectiveIn(scenario, stream);
  const vantages = (recording.vantages ?? []).map((one) =>
    vantageFindings(one, recording, whole, scenario, objectiveOf),
  );
  const checks = checksOf(recording, scenario, faults, { timeline, series, streams, durability, largeFiles, load });
  const against = notValid(checks);
  return tidy({
    version: 1,
    run: meta.id,
    title: scenario.title,
    verdict: mergeVerdicts(checks.map(({ verdict }) => verdict)),
    checks,
    objectives: scenario.objectives,
    faults,
    t0: timeline.t0,
    confirmedAt: timeline.confirmedAt,
    ...(timeline.healing ? { healing: timeline.healing } : {}),
    healedAt: timeline.healedAt,
    phases: timeline.phases,
    streams: against.length === 0 ? streams : streams.map((one) => ({ ...one, errorBudget: undefined })),
    ...unjudgedUnlessValid(against, reactionFindings(recording, aimed, timeline, series, streams)),
    degradation: countClasses(bins, timeline.t0?.from ?? timeline.end, timeline.end),
    durability,
    bins,
    ...(vantages.length > 0 ? { vantages } : {}),
    ...(gauges.length > 0 ? { gauges } : {}),
    ...(largeFiles.length > 0 ? { largeFiles } : {}),
    ...(load ? { load } : {}),
    ...(certificates.length > 0 ? { certificates } : {}),
    timeline: timelineOf(events),
    prober,
    cleanUp: { left: differenceIn(events), pending: null },
    warnings: [
      ...(timeline.end < whole.end ? [sayUnprobed(timeline, whole.end)] : []),
      ...warningsOf(recording, timeline, series, streams, durability, largeFiles),
      ...loadWarnings(load, streams, meta, timeline),
    ],
    configuration: configurationOf(meta, events),
  });
}

/** Null if the cluster was not compared with its state before the run. */
function differenceIn(events: RunEvent[]): string[] | null {
  const found = events.filter((event) => event.kind === 'difference').flatMap(({ left }) => (left ? [left] : []));
  return found.length === 0 ? null : found.flat();
}

interface Measured {
  timeline: RunTimeline;
  series: Series[];
  streams: StreamFindings[];
  durability: Durability[];
  largeFiles: LargeFile[];
  load: LoadFindings | undefined;
}

/** Compares what was measured with what was wanted. If the run itself is not valid, every check that depends on it is unknown. */
function checksOf(
  { events, damages }: Recording,
  scenario: Scenario,
  faults: Findings['faults'],
  { timeline, series, streams, durability, largeFiles, load }: Measured,
): Check[] {
  const objectiveOf = (stream: string) => objectiveIn(scenario, stream);
  const whole = wholeChecks(damages);
  const validity = [
    ...whole,
    ...confirmationChecks(timeline),
    ...steadyChecks(series, streams, timeline, scenario.steady),
    proberFitness(events, series, timeline),
    watchCheck(timeline),
    ...loadSentCheck(load, scenario, timeline),
  ];
  const measured = [
    ...streams.flatMap((one) => objectiveChecks(one, objectiveOf(one.stream))),
    ...unrecordedChecks(scenario, streams),
    ...stopChecks(events),
    ...thresholdChecks(load, scenario.load?.thresholds ?? {}),
  ];
  const losses = [
    ...durability.map((found) => durabilityCheck(found, objectiveOf(found.stream).lost ?? 0)),
    ...largeFiles.flatMap(largeFileCheck),
  ];
  return sortChecks([
    ...validity,
    ...unknownUnlessValid(validity, measured),
    ...unknownUnlessValid(whole, claimChecks(events, faults)),
    // Lost writes are a fact, and fail a run that is not valid, too. That none was lost proves nothing then.
    ...losses.flatMap((loss) => unknownUnlessValid(loss.verdict === 'fail' ? whole : validity, [loss])),
  ]);
}

/** The objective for a stream is that of its probe. */
function objectiveIn({ objectives }: Scenario, stream: string): Objective {
  return objectives[probeOf(stream)] ?? {};
}

/** What users saw after the prober had died, nobody knows: it is no outage, and no time in which they were served. */
function withoutProberSince(lastDue: number, timeline: RunTimeline): RunTimeline {
  return { ...timeline, end: Math.min(timeline.end, Math.max(lastDue, timeline.t0?.from ?? 0)) };
}

function sayUnprobed({ t0, end }: RunTimeline, until: number): string {
  const since = t0 && end > t0.from ? `, from ${formatDuration(end - t0.from)} after the fault on` : '';
  return `Nothing was probed in the last ${formatDuration(until - end)}${since}: the prober was lost, and what users saw then is not known`;
}

/** A prober that died did not report how many probes it had scheduled: then every probe that had time to fall due counts. */
function scheduledOf(prober: ProberReport | null, stream: string): number | undefined {
  return prober === null ? Infinity : prober.scheduled[stream];
}

/** How the platform reacted to the fault, next to what its timers predict. */
function reactionFindings(
  { meta, events }: Recording,
  aimed: Aimed[],
  timeline: RunTimeline,
  series: Series[],
  streams: StreamFindings[],
): Pick<Findings, 'split' | 'ttd' | 'predictions' | 'unpredicted'> {
  const { t0 } = timeline;
  if (!t0) return { split: [], ttd: {}, predictions: [] };
  const injected = { ...timeline, t0 };
  const inspection = inspectionBefore(events);
  const scope = faultScopeOf(aimed, inspection);
  const all = reactionsOf(events, t0, meta.origin.wall);
  const reactions = untilHealing(all, timeline);
  const replaced = replacements(all, timeline, scope);
  const notice = firstNotice(reactions, scope);
  // Without targets we cannot tell which events are a reaction to the fault.
  const unnoticed =
    aimed.length === 0 ? {} : unseenUntil(watchedUntil(events, ['nodes', 'members'], lastToNotice(timeline)), t0);
  const tails = staleTails(series, injected, reactions, scope);
  const several = whyUnpredicted(meta.scenario.faults);
  const predicted = several === undefined ? aimed.flatMap((one) => predictOf(one, meta, inspection, replaced)) : [];
  const unpredicted = several ?? (predicted.length > 0 && !scope.services ? SERVICES_UNKNOWN : undefined);
  const measured = { timeline: injected, events, reactions, replaced, streams, tails };
  return {
    split: recoverySplit(injected, streams, notice, replaced, tails[0] && staleStep(tails[0], t0)),
    ttd: notice ? reactionMark(notice, t0) : unnoticed,
    predictions: predicted.map((one) => checkPrediction(one, measured)),
    ...(unpredicted === undefined ? {} : { unpredicted }),
  };
}

/** In a run that proves nothing, no prediction is held against the platform: what was measured is kept for information. */
function unjudgedUnlessValid<T extends Pick<Findings, 'predictions'>>(against: Check[], found: T): T {
  if (against.length === 0) return found;
  const note = `Not checked: this run proves nothing (${against.map(({ what }) => what).join(', ')}).`;
  return { ...found, predictions: found.predictions.map((one) => ({ ...one, holds: undefined, note })) };
}

const SERVICES_UNKNOWN =
  'Nothing is predicted of users: this recording does not say which services ran where the fault hit, and users also wait for ' +
  'services that were not replaced.';

function predictOf(
  { meaning, targets, services }: Aimed,
  meta: RunMeta,
  inspection: Inspection | undefined,
  replaced: Replacement[],
): PredictedWindow[] {
  if (!inspection) return [];
  // If the recording does not say which services were hit, those that were replaced certainly were.
  const hit = services ?? Object.fromEntries(replaced.map(({ service }) => [service, 1]));
  const predicted = predict({ inspection, meaning, targets, services: meta.services, hit });
  return services ? predicted : predicted.filter(({ moment }) => moment !== 'users served again');
}

/**
 * Twelve digits are enough for a microsecond in a week, and for one probe in a million; anything beyond is floating-point
 * noise.
 */
const DIGITS = 12;

function tidy<T>(value: T): T {
  if (typeof value === 'number') return (Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value) as T;
  if (Array.isArray(value)) return value.map(tidy) as T;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tidy(inner)])) as T;
  }
  return value;
}
