/**
 * Runs side by side. Runs that were asked the same of the same cluster repeat each other: together they are one cell,
 * with every one of them shown, and a median. What sets cells apart is told first; what was measured is never averaged.
 */
import type {
  Cell,
  CellRun,
  Comparison,
  Measure,
  Point,
  PredictionComparison,
  StreamComparison,
  Summary,
} from './comparison.ts';
import { contrastsOf } from './contrasts.ts';
import { spellsOf } from './degradation.ts';
import { type ComparedRun, differencesOf, type Factor, factorsOf, keyOf } from './factors.ts';
import { isFoundation } from './foundations.ts';
import { ofDegradation, ofDurability, ofRun, ofSplit, ofStream, type Reading } from './measures.ts';
import { orderOf } from './ranking.ts';
import { median, medianInterval, type Observation } from './statistics.ts';

interface Group {
  runs: ComparedRun[];
  factors: Factor[];
}

/** Confidence intervals of the same runs are the same every time. */
const SEED = 1;

/** Runs in, comparison out: pure. The order of runs is kept, and cells are in the order of their first run. */
export function compare(runs: readonly ComparedRun[]): Comparison {
  const groups = groupRuns(runs);
  const columns = groups.map(({ factors }) => factors);
  const { differences, partly } = differencesOf(columns);
  const sameScenario = ![...differences, ...partly].some(({ group }) => group === 'asked');
  const labels = labelsOf(columns);
  const cells = groups.map((group, i) => cellOf(group, letterOf(i), labels[i]!));
  const measure = <From>({ name, unit, read }: Reading<From>, of: (run: ComparedRun) => From | undefined): Measure => ({
    name,
    unit,
    cells: groups.map((group) =>
      summarize(
        group.runs.map((run) => {
          const from = of(run);
          const observation = from === undefined ? undefined : read(from);
          return { run: run.meta.id, counted: isCounted(run), ...observation };
        }),
      ),
    ),
  });
  const measures = <From>(readings: readonly Reading<From>[], of: (run: ComparedRun) => From | undefined): Measure[] =>
    readings.map((one) => measure(one, of)).filter(isObserved);
  const byStream = <From extends { stream: string }>(
    readings: readonly Reading<From>[],
    of: (run: ComparedRun) => From[],
  ): StreamComparison[] =>
    [...new Set(runs.flatMap(of).map(({ stream }) => stream))].map((stream) => ({
      stream,
      measures: measures(readings, (run) => of(run).find((one) => one.stream === stream)),
    }));
  const overall = measures(ofRun, ({ findings }) => findings);
  return {
    version: 1,
    cells,
    sameScenario,
    differences,
    partly,
    overall,
    orders: sameScenario && cells.length > 1 ? overall.map((one) => orderOf(one, cells)) : [],
    contrasts: contrastsOf(groups.map(({ runs, factors }) => ({ meta: runs[0]!.meta, factors }))),
    split: measures(ofSplit, ({ findings }) => findings),
    streams: byStream(ofStream, ({ findings }) => findings.streams),
    degradation: measures(ofDegradation, ({ findings }) => findings),
    durability: byStream(ofDurability, ({ findings }) => findings.durability),
    predictions: predictionsOf(groups),
  };
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

function cellOf({ runs }: Group, letter: string, label: string): Cell {
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
    runs: runs.map(runOf),
  };
}

function runOf(run: ComparedRun): CellRun {
  const { meta, findings } = run;
  const { t0, healedAt, verdict } = findings;
  const zero = (t0?.from ?? 0) / 1000;
  return {
    run: meta.id,
    victim: findings.configuration.victim ?? 'none',
    began: meta.origin.wall,
    verdict,
    expect: meta.scenario.expect,
    counted: isCounted(run),
    decisive: findings.checks.filter((check) => check.verdict !== 'pass' && check.verdict === verdict),
    course: t0 ? spellsOf(findings.bins, zero) : [],
    healed: t0 && healedAt !== undefined ? healedAt / 1000 - zero : undefined,
  };
}

/** A run whose fault, steady state or prober cannot be relied upon proves nothing, and neither does one cut short. */
function isCounted({ findings }: ComparedRun): boolean {
  return findings.checks.every((check) => check.verdict === 'pass' || !isFoundation(check));
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

/** A row of which no run has anything says nothing. */
function isObserved({ cells }: Measure): boolean {
  return cells.some(({ points }) => points.some(isKnown));
}

function predictionsOf(groups: Group[]): PredictionComparison[] {
  const moments = groups.flatMap(({ runs }) => runs.flatMap(({ findings }) => findings.predictions));
  return [...new Set(moments.map(({ moment }) => moment))].map((moment) => ({
    moment,
    cells: groups.map(({ runs }) =>
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

function letterOf(i: number): string {
  const letter = String.fromCharCode(65 + (i % 26));
  return i < 26 ? letter : `${letter}${Math.floor(i / 26) + 1}`;
}

/** Factors whose value says what it is. */
const SPEAK_FOR_THEMSELVES = ['workload', 'fault', 'cluster', 'variant'];

/** As short as they can be and still differ: the cluster, then what else sets apart those of the same label. */
function labelsOf(columns: Factor[][]): string[] {
  const labels = columns.map((factors) => factors.find(({ name }) => name === 'cluster')!.value);
  const { differences, partly } = differencesOf(columns);
  const variantFirst = [...differences, ...partly].sort(
    (a, b) => Number(b.name === 'variant') - Number(a.name === 'variant'),
  );
  for (const { group, name, values } of variantFirst) {
    if (group === 'judged' || name === 'cluster' || new Set(labels).size === labels.length) continue;
    const say = (value: string | undefined) => {
      if (value === undefined) return `without ${name}`;
      return SPEAK_FOR_THEMSELVES.includes(name) ? value : `${name} ${value}`;
    };
    const alike = (i: number) => labels.flatMap((label, j) => (label === labels[i] ? [values[j]] : []));
    const apart = labels.map((label, i) => (new Set(alike(i)).size > 1 ? `${label}, ${say(values[i])}` : label));
    labels.splice(0, labels.length, ...apart);
  }
  return labels;
}
