import type { Inspection } from '../../platforms/platform.ts';
import type { RunEvent, RunMeta } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import type { ConfigurationEntry } from '../findings.ts';

/** The last inspection of the cluster before the fault. */
export function inspectionBefore(events: RunEvent[]): Inspection | undefined {
  const seen = events.findLast((event) => event.kind === 'inspection' && event.when === 'before');
  return seen?.kind === 'inspection' ? seen.inspection : undefined;
}

/** What one must know to compare the numbers with those of another run. Never includes ids of the run. */
export function configurationOf(meta: RunMeta, events: RunEvent[]): ConfigurationEntry[] {
  const { scenario } = meta;
  const inspection = inspectionBefore(events);
  const members = membersThere(events, meta);
  return [
    { group: 'suite', name: 'suite', value: meta.suite },
    { group: 'run', name: 'platform', value: meta.cluster.platform },
    { group: 'run', name: 'cluster', value: meta.cluster.name },
    { group: 'run', name: 'workload', value: `${scenario.workload} ${scenario.variant}` },
    { group: 'run', name: 'faults', value: scenario.faults.map(({ fault }) => fault).join(', ') || 'none' },
    {
      group: 'run',
      name: 'replicas',
      value: sorted(meta.services)
        .map(([service, count]) => `${service} ${count}`)
        .join(', '),
    },
    ...loadEntry(meta, events),
    targetEntry(events, inspection),
    ...(members === undefined ? [] : [{ group: 'members' as const, name: 'members on the target', value: members }]),
    { group: 'run', name: 'seed', value: String(meta.seed) },
    ...meta.streams.map(
      ({ name, every, timeout, connection }): ConfigurationEntry => ({
        group: 'stream',
        name,
        value: `every ${formatDuration(every)}, timeout ${formatDuration(timeout)}, ${connection} connections`,
      }),
    ),
    ...(inspection ? clusterEntries(inspection) : []),
  ];
}

/** Under which load, if any: what was measured without one is another thing. */
function loadEntry({ scenario: { load } }: RunMeta, events: RunEvent[]): ConfigurationEntry[] {
  if (!load) return [];
  const begin = events.find((event) => event.kind === 'load-begin');
  const end = events.findLast((event) => event.kind === 'load-end');
  // Recordings of older suites do not say which script it was, but for its name.
  const script = end?.report?.script;
  const of = load.probe ?? load.script;
  const sent = `${begin?.what ?? 'not begun'}${of === undefined ? '' : ` of ${of}`}${script === undefined ? '' : ` (${script})`} by ${end?.report?.engine ?? load.engine}`;
  const value = `${sent}, timeout ${formatDuration(load.timeout)}, ${load.connection} connections`;
  return [{ group: 'load', name: 'load', value }];
}

/** Groups whose entry names are not clear without the group. */
const NAMED_BY_GROUP: ReadonlySet<ConfigurationEntry['group']> = new Set(['stream', 'version', 'timer']);

/** An entry's name in a list of all groups: `timer raft.election`. */
export function entryName({ group, name }: Pick<ConfigurationEntry, 'group' | 'name'>): string {
  return NAMED_BY_GROUP.has(group) ? `${group} ${name}` : name;
}

/** `5 s (read)`. */
export function entryValue({ value, source }: Pick<ConfigurationEntry, 'value' | 'source'>): string {
  return source === undefined ? value : `${value} (${source})`;
}

function clusterEntries({ nodes, quorum, timers, versions }: Inspection): ConfigurationEntry[] {
  const managers = nodes.filter(({ role }) => role === 'manager').length;
  const { reachable, needed } = quorum;
  return [
    { group: 'nodes', name: 'nodes', value: `${nodes.length}, ${managers} of them managers` },
    {
      group: 'nodes',
      name: 'quorum',
      value: `${reachable} of ${quorum.managers} managers reachable, ${needed} needed`,
    },
    ...sorted(versions).map(([name, value]): ConfigurationEntry => ({ group: 'version', name, value })),
    ...timers
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, ms, source }): ConfigurationEntry => ({ group: 'timer', name, value: formatDuration(ms), source })),
  ];
}

/** `worker w2`, with the role `worker`: which node was drawn is chance, but its role affects recovery. */
function targetEntry(events: RunEvent[], inspection: Inspection | undefined): ConfigurationEntry {
  const aimed = events.filter((event) => event.kind === 'targets');
  const targets = aimed.flatMap((event) => event.targets);
  const described = targets.map((target) => {
    if (target.kind === 'service') return { name: `service ${target.service}`, role: `service ${target.service}` };
    const node = inspection?.nodes.find(({ name }) => name === target.node);
    const role = node && (node.leader ? 'leader' : node.role);
    const name = role ? `${role} ${target.node}` : target.node;
    if (target.kind === 'node') return { name, role: role ?? name };
    const member = `a member of ${target.member.service} on`;
    return { name: `${member} ${name}`, role: `${member} ${role ?? name}` };
  });
  const none = aimed.length > 0 ? 'none' : 'not recorded';
  const all = (pick: (one: { name: string; role: string }) => string) => described.map(pick).join(', ') || none;
  return { group: 'target', name: 'target', value: all(({ name }) => name), role: all(({ role }) => role) };
}

/**
 * `db 1 of 1, vote 1 of 2`: whether a service has members left elsewhere affects recovery time more than anything else.
 * Only for targets that are nodes, and only if it was recorded.
 */
function membersThere(events: RunEvent[], { services }: RunMeta): string | undefined {
  const onNodes = events.flatMap((event) =>
    event.kind === 'targets' && event.targets.some(({ kind }) => kind === 'node') ? [event.services] : [],
  );
  const known = onNodes.filter((counts) => counts !== undefined);
  if (known.length === 0 || known.length < onNodes.length) return undefined;
  const say = ([service, count]: [string, number]) => {
    const all = services[service];
    return typeof all === 'number' ? `${service} ${count} of ${all}` : `${service} ${count}`;
  };
  return known.map((counts) => sorted(counts).map(say).join(', ') || 'none').join('; ');
}

function sorted<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
