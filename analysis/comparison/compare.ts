/**
 * Runs side by side. Runs of the same scenario on the same cluster are repetitions: they form one set-up, shown with each run's
 * value and a median. The differences between set-ups come first; measurements are never averaged.
 */

import { entryName } from '../events/configuration.ts';
import type { Findings } from '../findings.ts';
import { spellsOf } from '../streams/degradation.ts';
import { notValid } from '../validity.ts';
import type {
  Comparison,
  Difference,
  Measure,
  Point,
  PredictionComparison,
  SetUp,
  SetUpRun,
  StreamComparison,
  Summary,
} from './comparison.ts';
import { contrastsOf } from './contrasts.ts';
import { type ComparedRun, differencesOf, type Factor, factorsOf, keyOf, targetOf } from './factors.ts';
import { labelsOf, letterOf } from './labels.ts';
import { ofDegradation, ofDurability, ofRun, ofSplit, ofStream, type Reading } from './measures.ts';
import { orderOf } from './ranking.ts';
import { median, medianInterval, type Observation } from './statistics.ts';

interface Group {
  runs: ComparedRun[];
  factors: Factor[];
}

/** A fixed seed: the same runs always give the same confidence intervals. */
const SEED = 1;

/** Runs in, comparison out: a pure function. Runs keep their order; set-ups are in the order of their first run. */
export function compare(runs: readonly ComparedRun[]): Comparison {
  const groups = groupRuns(runs);
  const columns = groups.map(({ factors }) => factors);
  const { differences, partly } = differencesOf(columns, decidingTimers(runs));
  const sameScenario = !differences.some(({ group }) => group === 'asked');
  const labels = labelsOf(columns);
  const setUps = groups.map((group, i) => setUpOf(group, letterOf(i), labels[i]!));
  const findings = ({ findings }: ComparedRun) => findings;
  const overall = measuresOf(groups, ofRun, findings);
  const certificates = certificatesOf(groups);
  return {
    version: 1,
    setUps,
    sameScenario,
    differences,
    partly,
    overall,
    orders: sameScenario && setUps.length > 1 ? overall.map((one) => orderOf(one, setUps)) : [],
    contrasts: contrastsOf(groups.map(({ runs, factors }) => ({ ...runs[0]!, factors }))),
    split: measuresOf(groups, ofSplit, findings),
    streams: byStream(groups, ofStream, ({ findings }) => findings.streams),
    degradation: measuresOf(groups, ofDegradation, findings),
    durability: byStream(groups, ofDurability, ({ findings }) => findings.durability),
    predictions: predictionsOf(groups),
    ...(certificates.length > 0 ? { certificates } : {}),
  };
}

/** The set-ups that runs make up, what was recorded of each, and these numbers of them: a part of what `compare` tells. */
export function setUpsOf(
  runs: readonly ComparedRun[],
  readings: readonly Reading<Findings>[],
): { setUps: SetUp[]; factors: Factor[][]; differences: Difference[]; measures: Measure[] } {
  const groups = groupRuns(runs);
  const factors = groups.map((group) => group.factors);
  const labels = labelsOf(factors);
  return {
    setUps: groups.map((group, i) => setUpOf(group, letterOf(i), labels[i]!)),
    factors,
    differences: differencesOf(factors).differences,
    measures: summariesOf(groups, readings, ({ findings }) => findings),
  };
}

/** `of` reads the value from a run; undefined if the run has none. Measures without a value in any run, or without news, are left out. */
function measuresOf<From>(
  groups: Group[],
  readings: readonly Reading<From>[],
  of: (run: ComparedRun) => From | undefined,
): Measure[] {
  return summariesOf(groups, readings, of).filter(
    (measure, i) => isObserved(measure) && !(readings[i]!.quietAtZero && isZero(measure)),
  );
}

const isZero = ({ summaries }: Measure) =>
  summaries.every(({ points }) => points.every(({ value, beyond }) => (value ?? beyond ?? 0) === 0));

function summariesOf<From>(
  groups: Group[],
  readings: readonly Reading<From>[],
  of: (run: ComparedRun) => From | undefined,
): Measure[] {
  const pointOf = (run: ComparedRun, read: Reading<From>['read']): Point => {
    const from = of(run);
    return { run: run.meta.id, counted: isCounted(run), ...(from === undefined ? {} : read(from)) };
  };
  return readings.map(
    ({ name, unit, read }): Measure => ({
      name,
      unit,
      summaries: groups.map(({ runs }) => summarize(runs.map((run) => pointOf(run, read)))),
    }),
  );
}

function byStream<From extends { stream: string }>(
  groups: Group[],
  readings: readonly Reading<From>[],
  of: (run: ComparedRun) => From[],
): StreamComparison[] {
  const streams = new Set(groups.flatMap(({ runs }) => runs.flatMap(of)).map(({ stream }) => stream));
  return [...streams].map((stream) => ({
    stream,
    measures: measuresOf(groups, readings, (run) => of(run).find((one) => one.stream === stream)),
  }));
}

/** The timers that predictions are based on: they explain how fast a platform recovers. */
function decidingTimers(runs: readonly ComparedRun[]): Set<string> {
  const used = runs.flatMap(({ findings }) => findings.predictions.flatMap(({ timers }) => Object.keys(timers)));
  return new Set(used.map((name) => entryName({ group: 'timer', name })));
}

function groupRuns(runs: readonly ComparedRun[]): Group[] {
  const groups = new Map<string, Group>();
  for (const run of runs) {
    const factors = factorsOf(run);
    const key = keyOf(factors);
    const group = groups.get(key);
    if (group) group.runs.push(run);
    else groups.set(key, { runs: [run], factors });
  }
  return [...groups.values()];
}

function setUpOf({ runs }: Group, letter: string, label: string): SetUp {
  const { cluster, scenario } = runs[0]!.meta;
  return {
    letter,
    label,
    cluster: cluster.name,
    platform: cluster.platform,
    workload: scenario.workload,
    variant: scenario.variant,
    fault: scenario.faults.map(({ fault }) => fault).join(' + ') || 'none',
    title: scenario.title,
    file: scenario.file,
    judgedAlike: new Set(runs.map((run) => judgedBy(factorsOf(run)))).size === 1,
    runs: runs.map(runOf),
  };
}

function judgedBy(factors: Factor[]): string {
  return JSON.stringify(factors.filter(({ group }) => group === 'judged'));
}

function runOf(run: ComparedRun): SetUpRun {
  const { meta, findings } = run;
  const { t0, phases, verdict } = findings;
  // A fault without healing, such as a killed member, ends when the run starts to wait for recovery.
  const waiting = isCounted(run) ? phases.find(({ phase }) => phase === 'heal') : undefined;
  const healedAt = findings.healedAt ?? waiting?.from;
  const zero = (t0?.from ?? 0) / 1000;
  return {
    run: meta.id,
    target: targetOf(findings).value,
    began: meta.origin.wall,
    verdict,
    expect: meta.scenario.expect,
    counted: isCounted(run),
    against: notValid(findings.checks),
    decisive: findings.checks.filter((check) => check.verdict !== 'pass' && check.verdict === verdict),
    timeline: t0 ? spellsOf(findings.bins, zero) : [],
    healed: t0 && healedAt !== undefined ? healedAt / 1000 - zero : undefined,
  };
}

/** A run proves nothing if its fault, steady state or prober cannot be trusted, or if it was cut short. */
function isCounted({ findings }: ComparedRun): boolean {
  return notValid(findings.checks).length === 0;
}

function summarize(points: Point[]): Summary {
  const counted = points.filter((point) => point.counted);
  const observed = counted.filter(isKnown);
  const isWhole = observed.length === counted.length;
  const interval = isWhole ? medianInterval(observed, SEED) : undefined;
  return {
    points,
    n: counted.length,
    observed: observed.length,
    median: isWhole ? median(observed) : {},
    ...(interval ? { interval } : {}),
  };
}

function isKnown({ value, beyond }: Observation): boolean {
  return value !== undefined || beyond !== undefined;
}

/** Rows without a value in any run are left out. */
function isObserved({ summaries }: Measure): boolean {
  return summaries.some(({ points }) => points.some(isKnown));
}

function predictionsOf(groups: Group[]): PredictionComparison[] {
  const moments = groups.flatMap(({ runs }) => runs.flatMap(({ findings }) => findings.predictions));
  return [...new Set(moments.map(({ moment }) => moment))].map((moment) => ({
    moment,
    windows: groups.map(({ runs }) =>
      runs.flatMap((run) =>
        run.findings.predictions
          .filter((one) => one.moment === moment)
          .map(({ what, formula, window, measured, holds }) => ({
            run: run.meta.id,
            counted: isCounted(run),
            what,
            formula,
            window,
            measured,
            holds,
          })),
      ),
    ),
  }));
}

function certificatesOf(groups: Group[]): NonNullable<Comparison['certificates']> {
  const shownIn = ({ runs }: Group) => runs.flatMap(({ findings }) => findings.certificates ?? []);
  const targets = new Set(groups.flatMap(shownIn).map(({ target }) => target));
  return [...targets].map((target) => ({
    target,
    shown: groups.map((group) => {
      const here = shownIn(group).filter((one) => one.target === target);
      return [...new Map(here.map(({ certificate }) => [JSON.stringify(certificate), certificate])).values()];
    }),
  }));
}
