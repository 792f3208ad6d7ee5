/** What may set two runs apart, as flat text by name, and what does. */
import type { RunMeta } from '../../recording/recording.ts';
import type { Objective } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import type { Findings } from '../findings.ts';
import type { Difference, FactorGroup } from './comparison.ts';

export interface ComparedRun {
  meta: RunMeta;
  findings: Findings;
}

export interface Factor {
  group: FactorGroup;
  name: string;
  value: string;
}

/** Whether a value was read or assumed says how far to trust it, not what it is. */
const SOURCE = / \((read|assumed)\)$/;

/** Recorded with the configuration, and told by factors of other names, or different in each run by chance. */
const TOLD_APART = new Set(['platform', 'cluster', 'workload', 'faults', 'replicas', 'victim', 'seed']);

export function factorsOf({ meta, findings }: ComparedRun): Factor[] {
  const { scenario, cluster, services } = meta;
  const { configuration } = findings;
  const recorded = Object.entries(configuration).filter(([name]) => !TOLD_APART.has(name));
  const isStream = ([name]: [string, string]) => name.startsWith('stream ');
  const asked: [string, string][] = [
    ['workload', scenario.workload],
    ['fault', scenario.faults.map(({ fault }) => fault).join(' + ') || 'none'],
    ...scenario.faults.flatMap(({ fault, options }, i) =>
      flat(options).map(([name, value]): [string, string] => [
        `${scenario.faults.length > 1 ? `${i + 1}. ` : ''}${fault} ${name}`,
        value,
      ]),
    ),
    ['steady', formatDuration(scenario.steady)],
    ['horizon', formatDuration(scenario.horizon)],
    ...scenario.stop.map(({ text }, i): [string, string] => [`stop condition ${i + 1}`, text]),
    ...recorded.filter(isStream),
  ];
  const hit: [string, string][] = [
    ['platform', cluster.platform],
    ['cluster', cluster.name],
    ['variant', scenario.variant],
    ...sorted(services).map(([service, count]): [string, string] => [`replicas ${service}`, String(count)]),
    ['role of the victim', roles(configuration.victim ?? 'none')],
    ...recorded.filter((entry) => !isStream(entry)),
  ];
  const judged: [string, string][] = [
    ['expected to', scenario.expect],
    ...sorted(scenario.objectives).map(([probe, objective]): [string, string] => [
      `objectives of ${probe}`,
      sayObjective(objective),
    ]),
  ];
  return [...grouped('asked', asked), ...grouped('cluster', hit), ...grouped('judged', judged)];
}

function grouped(group: FactorGroup, entries: [string, string][]): Factor[] {
  return entries.map(([name, value]) => ({ group, name, value }));
}

/** Two runs with the same key were asked the same of the same cluster: they repeat each other. */
export function keyOf(factors: readonly Factor[]): string {
  const told = factors.filter(({ group }) => group !== 'judged').map(({ name, value }) => [name, plain(value)]);
  return JSON.stringify(told.sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

/**
 * What differs between columns. `partly`: recorded of some of them only and equal there, as many timers of one platform
 * are. It is a difference all the same when one was asked for it and another was not, when it is a version, and when it
 * is named in `deciding`.
 */
export function differencesOf(
  columns: readonly Factor[][],
  deciding: ReadonlySet<string> = new Set(),
): { differences: Difference[]; partly: Difference[] } {
  const rows = new Map<string, Difference>();
  columns.forEach((factors, column) => {
    for (const { group, name, value } of factors) {
      const row = rows.get(name) ?? { group, name, values: columns.map(() => undefined) };
      row.values[column] = value;
      rows.set(name, row);
    }
  });
  const all = [...rows.values()].sort((a, b) => rankOf(a) - rankOf(b));
  const distinct = ({ values }: Difference) => new Set(values.filter((one) => one !== undefined).map(plain)).size;
  const isDifferent = (row: Difference) =>
    distinct(row) > 1 ||
    (row.values.includes(undefined) && (row.group === 'asked' || isVersion(row) || deciding.has(row.name)));
  return {
    differences: all.filter(isDifferent),
    partly: all.filter((row) => !isDifferent(row) && row.values.includes(undefined)),
  };
}

/** In the order in which a reader wants to know of them; versions explain least. */
function rankOf(row: Difference): number {
  return isVersion(row) ? 2 : { asked: 0, cluster: 1, judged: 3 }[row.group];
}

function isVersion({ group, name }: Difference): boolean {
  return group === 'cluster' && (name.startsWith('version ') || name === 'suite');
}

/** Without its source. */
export function plain(value: string): string {
  return value.replace(SOURCE, '');
}

/** `worker w1, leader m1` → `worker, leader`: by name scope are drawn, by role they recover. */
function roles(victim: string): string {
  return victim.replace(/\b(leader|manager|worker) [^\s,]+/g, '$1');
}

/** `{ node: { running: 'vote' }, hold: 30000 }` → `node.running`: vote, `hold`: 30 s. */
function flat(options: unknown, prefix = ''): [string, string][] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const isTime = prefix === 'hold' && typeof options === 'number';
    return [
      [prefix, isTime ? formatDuration(options) : typeof options === 'string' ? options : JSON.stringify(options)],
    ];
  }
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => flat(value, prefix === '' ? name : `${prefix}.${name}`));
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

function sorted<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
