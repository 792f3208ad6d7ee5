/** The named factors in which two runs may differ, and those in which they do. */
import type { WrittenLoad } from '../../load/schema.ts';
import type { RunMeta } from '../../recording/recording.ts';
import type { Objective } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import { entryName, entryValue } from '../events/configuration.ts';
import type { ConfigurationEntry, Findings } from '../findings.ts';
import type { Difference, FactorGroup } from './comparison.ts';

export interface ComparedRun {
  meta: RunMeta;
  findings: Findings;
}

export interface Factor {
  group: FactorGroup;
  name: string;
  value: string;
  /** For display only: whether a timer was read or assumed does not make its value a different one. */
  source?: ConfigurationEntry['source'];
  isVersion?: boolean;
  /** For an option of a fault: the index of the fault in the scenario, and the option's name. */
  option?: { fault: number; name: string };
}

/** Parts of the configuration that other factors already cover, or that are random in each run. */
const NAMED_ELSEWHERE: ReadonlySet<ConfigurationEntry['group']> = new Set(['run', 'target']);

/** The faults' targets. */
export function targetOf({ configuration }: Findings): { value: string; role: string } {
  const { value = 'none', role = value } = configuration.find(({ group }) => group === 'target') ?? {};
  return { value, role };
}

export function factorsOf({ meta, findings }: ComparedRun): Factor[] {
  const { scenario, cluster, services, vantages = {} } = meta;
  const from = Object.keys(vantages).sort().join(', ');
  const recorded = findings.configuration.filter(({ group }) => !NAMED_ELSEWHERE.has(group));
  const entries = (all: ConfigurationEntry[]) => all.map(factorOf);
  return [
    ...grouped('asked', [
      ['workload', scenario.workload],
      ['fault', scenario.faults.map(({ fault }) => fault).join(' + ') || 'none'],
    ]),
    ...optionFactors(scenario.faults),
    ...grouped('asked', [
      ['steady', formatDuration(scenario.steady)],
      ['horizon', formatDuration(scenario.horizon)],
      ...scenario.stop.map(({ text }, i): [string, string] => [`stop condition ${i + 1}`, text]),
    ]),
    ...entries(recorded.filter(isAsked)),
    // Each sends what the suite itself sends.
    ...grouped('asked', from === '' ? [] : [['also probed from', from]]),
    // Goodput and what rests on it count these alone: another limit makes other numbers, and no other verdict of the same ones.
    ...grouped(
      'asked',
      sorted(scenario.objectives).flatMap(([probe, { p95 }]): [string, string][] =>
        p95 === undefined ? [] : [[`answers of ${probe} that count`, `within ${formatDuration(p95)}`]],
      ),
    ),
    ...grouped('cluster', [
      ['platform', cluster.platform],
      ['cluster', cluster.name],
      ['variant', scenario.variant],
      ...sorted(services).map(([service, count]): [string, string] => [`replicas ${service}`, String(count)]),
      ['role of the target', targetOf(findings).role],
    ]),
    ...entries(recorded.filter((entry) => !isAsked(entry))),
    ...grouped('judged', [
      ['expected to', scenario.expect],
      ...sorted(scenario.objectives).map(([probe, objective]): [string, string] => [
        `objectives of ${probe}`,
        sayObjective(objective),
      ]),
      ...(scenario.load ? [['thresholds of the load', sayThresholds(scenario.load)] as [string, string]] : []),
    ]),
  ];
}

/** What the suite sends. */
const isAsked = ({ group }: ConfigurationEntry) => group === 'stream' || group === 'load';

function factorOf(entry: ConfigurationEntry): Factor {
  const { group, value, source } = entry;
  return {
    group: isAsked(entry) ? 'asked' : 'cluster',
    name: entryName(entry),
    value,
    ...(source === undefined ? {} : { source }),
    isVersion: group === 'version' || group === 'suite',
  };
}

/** The name of the fault and of the option; numbered if there are several faults: `1. …`. */
function optionFactors(faults: RunMeta['scenario']['faults']): Factor[] {
  return faults.flatMap(({ fault, options }, i) =>
    Object.entries(options)
      .filter(([, given]) => given !== undefined)
      .flatMap(([option, given]) =>
        flat(given, option).map(
          ([name, value]): Factor => ({
            group: 'asked',
            name: `${faults.length > 1 ? `${i + 1}. ` : ''}${fault} ${name}`,
            value,
            option: { fault: i, name: option },
          }),
        ),
      ),
  );
}

function grouped(group: FactorGroup, entries: [string, string][]): Factor[] {
  return entries.map(([name, value]) => ({ group, name, value }));
}

/** Two runs with the same key ran the same scenario on the same cluster: they are repetitions. */
export function keyOf(factors: readonly Factor[]): string {
  const values = factors.filter(({ group }) => group !== 'judged').map(({ name, value }) => [name, value]);
  return JSON.stringify(values.sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

interface Row extends Pick<Factor, 'group' | 'name' | 'isVersion' | 'option'> {
  cells: (Factor | undefined)[];
}

/**
 * What differs between columns. `partly`: recorded in only some columns, with the same value there, like many timers of one
 * platform. It still counts as a difference if it was asked for in one column only, if it is a version, or if it is named
 * in `deciding`.
 */
export function differencesOf(
  columns: readonly Factor[][],
  deciding: ReadonlySet<string> = new Set(),
): { differences: Difference[]; partly: Difference[] } {
  const { differing, partly } = rowsOf(columns, deciding);
  return { differences: differing.map(differenceOf), partly: partly.map(differenceOf) };
}

/** The same, before the values are put into words. */
export function rowsOf(
  columns: readonly Factor[][],
  deciding: ReadonlySet<string> = new Set(),
): { differing: Row[]; partly: Row[] } {
  const rows = new Map<string, Row>();
  columns.forEach((factors, column) => {
    for (const factor of factors) {
      const { group, name, isVersion, option } = factor;
      const row = rows.get(name) ?? { group, name, isVersion, option, cells: columns.map(() => undefined) };
      row.cells[column] = factor;
      rows.set(name, row);
    }
  });
  const all = [...rows.values()].sort((a, b) => rankOf(a) - rankOf(b));
  const isPartly = ({ cells }: Row) => cells.includes(undefined);
  const distinct = ({ cells }: Row) => new Set(cells.flatMap((cell) => (cell ? [cell.value] : []))).size;
  const isDifferent = (row: Row) =>
    distinct(row) > 1 || (isPartly(row) && (row.group === 'asked' || row.isVersion || deciding.has(row.name)));
  return {
    differing: all.filter(isDifferent),
    partly: all.filter((row) => !isDifferent(row) && isPartly(row)),
  };
}

export function differenceOf({ group, name, cells }: Row): Difference {
  return { group, name, values: cells.map((cell) => cell && entryValue(cell)) };
}

/** In the order of interest to the reader; versions explain least. */
function rankOf({ group, isVersion }: Row): number {
  return isVersion ? 2 : { asked: 0, cluster: 1, judged: 3 }[group];
}

/** `{ node: { running: 'vote' }, hold: 30000 }` → `node.running`: vote, `hold`: 30 s. */
function flat(options: unknown, prefix: string): [string, string][] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const isTime = prefix === 'hold' && typeof options === 'number';
    return [
      [prefix, isTime ? formatDuration(options) : typeof options === 'string' ? options : JSON.stringify(options)],
    ];
  }
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => flat(value, `${prefix}.${name}`));
}

function sayObjective({ recovery, availability, outage, lost, p95 }: Objective): string {
  const limits = [
    recovery !== undefined && `recovery ≤ ${formatDuration(recovery)}`,
    availability !== undefined && `availability ≥ ${formatShare(availability)}`,
    outage !== undefined && `outage ≤ ${formatDuration(outage)}`,
    p95 !== undefined && `p95 ≤ ${formatDuration(p95)}`,
    lost !== undefined && `lost ≤ ${lost}`,
  ];
  return limits.filter((limit) => limit !== false).join(', ') || 'none';
}

function sayThresholds({ thresholds: { p95, p99, errors } }: WrittenLoad): string {
  const limits = [
    p95 !== undefined && `p95 ≤ ${formatDuration(p95)}`,
    p99 !== undefined && `p99 ≤ ${formatDuration(p99)}`,
    errors !== undefined && `errors ≤ ${formatShare(errors)}`,
  ];
  return limits.filter((limit) => limit !== false).join(', ') || 'none';
}

function sorted<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
