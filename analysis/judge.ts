import type { Inspection } from '../platforms/platform.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { StreamSamples } from '../probes/samples.ts';
import type { RunEvent, RunMeta } from '../run/recording.ts';
import type { Objective, Scenario } from '../scenarios/scenario.ts';
import { binSeries } from './bins.ts';
import { type Course, courseOf } from './course.ts';
import { countClasses, secondBins } from './degradation.ts';
import { durabilityOf } from './durability.ts';
import type { Findings, StreamFindings } from './findings.ts';
import { proberFitness } from './fitness.ts';
import {
  confirmationChecks,
  expectationChecks,
  steadyChecks,
  stopChecks,
  unrecordedChecks,
  watchCheck,
} from './foundations.ts';
import { holdAgainst } from './held.ts';
import { paceOf } from './latency.ts';
import { durabilityCheck, objectiveChecks } from './objectives.ts';
import { type Expectation, predict, whyUnpredicted } from './predict.ts';
import { firstNotice, type Replacement, reactionMark, reactionsOf, replacements, untilHealing } from './reactions.ts';
import { type Series, toSeries } from './series.ts';
import { recoverySplit } from './split.ts';
import { staleStep, staleTails } from './stale.ts';
import { probeOf, spansOf, streamFindings } from './stream.ts';
import { configurationOf, inspectionBefore, timelineOf, warningsOf } from './told.ts';
import { mergeVerdicts, restingOn, sortChecks } from './verdict.ts';
import { type Aimed, aimedOf, victimsOf } from './victims.ts';

/** All that a run wrote, in memory. */
export interface Recording {
  meta: RunMeta;
  events: RunEvent[];
  streams: StreamSamples[];
  /** Bytes at the end of the samples that were not whole. */
  torn: number;
}

/**
 * Recording in, findings out: no clock, no I/O, so the same recording gives the same findings, byte for byte.
 * `scenario` brings other objectives, steady state and horizon; what was done is what the recording says was done.
 * Never throws: a recording that was cut short is judged as far as it goes, and what it cannot tell is unknown.
 */
export function judge(recording: Recording, scenario: Scenario = recording.meta.scenario): Findings {
  const { meta, events, torn } = recording;
  const lastDue = recording.streams.reduce((last, { n, due }) => (n > 0 ? Math.max(last, due[n - 1]!) : last), 0);
  const course = courseOf(events, meta.scenario, scenario.horizon, lastDue);
  const report = events.findLast((event) => event.kind === 'prober');
  const prober = report?.kind === 'prober' ? report.report : null;
  const series = recording.streams.map((one) => toSeries(one, scheduledOf(prober, one.spec.name), course.end));
  const objectiveOf = (stream: string): Objective => scenario.objectives[probeOf(stream)] ?? {};

  const spans = series.map((one) => spansOf(one, course, scenario.steady));
  const paces = series.map((one, i) => paceOf(one, spans[i]!.steady));
  const streams = series.map((one, i) => streamFindings(one, course, spans[i]!, paces[i]!, objectiveOf(one.spec.name)));
  const durability = series.filter(({ spec }) => spec.writes).map((one) => durabilityOf(one, events, prober === null));
  const bins = secondBins(
    series.map((one, i) => ({
      stream: one.spec.name,
      writes: one.spec.writes,
      bins: binSeries(one, 0, { from: 0, to: one.n }),
      slow: paces[i]!.second,
    })),
  );
  const foundations = [
    ...confirmationChecks(course),
    ...steadyChecks(series, streams, course, scenario.steady),
    proberFitness(events, series, course),
    watchCheck(course),
  ];
  const measured = [
    ...streams.flatMap((one) => objectiveChecks(one, objectiveOf(one.stream), course.t0?.from ?? course.end)),
    ...unrecordedChecks(scenario, streams),
    ...stopChecks(events),
  ];
  const checks = sortChecks([
    ...foundations,
    ...restingOn(foundations, measured),
    ...expectationChecks(events, meta.scenario),
    ...durability.map((found) => durabilityCheck(found, objectiveOf(found.stream).lost ?? 0)),
  ]);
  return tidy({
    version: 1,
    run: meta.id,
    title: scenario.title,
    verdict: mergeVerdicts(checks.map(({ verdict }) => verdict)),
    checks,
    objectives: scenario.objectives,
    t0: course.t0,
    confirmedAt: course.confirmedAt,
    healedAt: course.healing?.to,
    phases: course.phases,
    streams,
    ...reactionFindings(recording, course, series, streams),
    degradation: countClasses(bins, course.t0?.from ?? course.end, course.end),
    durability,
    bins,
    timeline: timelineOf(events),
    prober,
    cleanUp: { left: events.flatMap((event) => (event.kind === 'difference' ? event.left : [])) },
    warnings: warningsOf(events, series, streams, durability, torn),
    configuration: configurationOf(meta, events),
  });
}

/** A prober that died told nobody how many probes it owed: all that had time to fall due. */
function scheduledOf(prober: ProberReport | null, stream: string): number | undefined {
  return prober === null ? Infinity : prober.scheduled[stream];
}

/** What the platform did about the fault, beside what its timers predict. */
function reactionFindings(
  { meta, events }: Recording,
  course: Course,
  series: Series[],
  streams: StreamFindings[],
): Pick<Findings, 'split' | 'ttd' | 'predictions' | 'unpredicted'> {
  const { t0 } = course;
  if (!t0) return { split: [], ttd: {}, predictions: [] };
  const injected = { ...course, t0 };
  const inspection = inspectionBefore(events);
  const aimed = aimedOf(events, meta.scenario.faults);
  const victims = victimsOf(aimed, inspection);
  const all = reactionsOf(events, t0, meta.origin.wall);
  const reactions = untilHealing(all, course);
  const replaced = replacements(all, course, victims);
  const notice = firstNotice(reactions, victims);
  // Without targets it is not known what a reaction to the fault would be.
  const unnoticed =
    aimed.length === 0
      ? {}
      : { beyond: Math.max(0, Math.min(course.healing?.from ?? course.end, course.end) - t0.from) };
  const tails = staleTails(series, injected, reactions, victims);
  const several = whyUnpredicted(meta.scenario.faults);
  const expected = several === undefined ? aimed.flatMap((one) => expect(one, meta, inspection, replaced)) : [];
  const unpredicted = several ?? (expected.length > 0 && !victims.services ? UNTOLD : undefined);
  const measured = { course: injected, reactions, replaced, streams, tails };
  return {
    split: recoverySplit(injected, streams, notice, replaced, tails[0] && staleStep(tails[0], t0)),
    ttd: notice ? reactionMark(notice, t0) : unnoticed,
    predictions: expected.map((one) => holdAgainst(one, measured)),
    ...(unpredicted === undefined ? {} : { unpredicted }),
  };
}

const UNTOLD =
  'Nothing is predicted of users: this recording does not tell which services ran where the fault hit, and what was not replaced ' +
  'they wait for, too.';

function expect(
  { use, targets, services }: Aimed,
  meta: RunMeta,
  inspection: Inspection | undefined,
  replaced: Replacement[],
): Expectation[] {
  if (!inspection) return [];
  // Where it is not told what was hit, what was replaced surely was.
  const hit = services ?? Object.fromEntries(replaced.map(({ service }) => [service, 1]));
  const expected = predict({ inspection, ...use, targets, services: meta.services, hit });
  return services ? expected : expected.filter(({ moment }) => moment !== 'users served again');
}

/**
 * Twelve digits hold a microsecond in a week, and the smallest share of a million probes; beyond them is only the dust
 * of binary fractions.
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
