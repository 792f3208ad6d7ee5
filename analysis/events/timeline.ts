/** What findings say in plain text beside their numbers: the timeline, the configuration, the warnings. */
import type { Inspection } from '../../platforms/platform.ts';
import type { RunEvent, RunMeta } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import type { Durability, Findings, StreamFindings } from '../findings.ts';
import type { Series } from '../streams/series.ts';

/** Events worth a line on a timeline, in the order of time. */
export function timelineOf(events: RunEvent[]): Findings['timeline'] {
  const lines = events.flatMap((event): Findings['timeline'] => {
    const { at } = event;
    switch (event.kind) {
      case 'platform':
        return event.event.kind === 'other' ? [] : [{ at, kind: event.event.kind, text: event.event.text }];
      case 'act': {
        if (event.fault === undefined) return [];
        const failure = event.error === undefined ? '' : ` failed: ${event.error}`;
        return [{ at, kind: event.healing ? 'healing' : 'fault', text: `${event.fault}: ${event.act.verb}${failure}` }];
      }
      case 'evidence': {
        const of = event.of === 'fault' ? 'confirmed' : 'healed';
        return [
          { at, kind: of, text: `${event.fault}: ${event.evidence?.text ?? `not ${of}: no proof from outside`}` },
        ];
      }
      case 'stop':
        return [{ at, kind: 'stop', text: `${event.condition}: ${event.text}` }];
      default:
        return [];
    }
  });
  return lines.sort((a, b) => a.at - b.at);
}

/** The cluster as it was last seen before the fault. */
export function inspectionBefore(events: RunEvent[]): Inspection | undefined {
  const seen = events.findLast((event) => event.kind === 'inspection' && event.when === 'before');
  return seen?.kind === 'inspection' ? seen.inspection : undefined;
}

/** What must be known beside the numbers to compare them with another run's. Never ids of the run. */
export function configurationOf(meta: RunMeta, events: RunEvent[]): Record<string, string> {
  const { scenario } = meta;
  const inspection = inspectionBefore(events);
  const entries: [string, string][] = [
    ['suite', meta.suite],
    ['platform', meta.cluster.platform],
    ['cluster', meta.cluster.name],
    ['workload', `${scenario.workload} ${scenario.variant}`],
    ['faults', scenario.faults.map(({ fault }) => fault).join(', ') || 'none'],
    [
      'replicas',
      sorted(meta.services)
        .map(([service, count]) => `${service} ${count}`)
        .join(', '),
    ],
    ['victim', targets(events, inspection)],
    ...membersThere(events, meta).map((text): [string, string] => ['members on the victim', text]),
    ['seed', String(meta.seed)],
    ...meta.streams.map((stream): [string, string] => [
      `stream ${stream.name}`,
      `every ${formatDuration(stream.every)}, timeout ${formatDuration(stream.timeout)}, ${stream.connection} connections`,
    ]),
  ];
  if (inspection) {
    const { nodes, quorum, timers, versions } = inspection;
    entries.push([
      'nodes',
      `${nodes.length}, ${nodes.filter(({ role }) => role === 'manager').length} of them managers`,
    ]);
    entries.push(['quorum', `${quorum.reachable} of ${quorum.managers} managers reachable, ${quorum.needed} needed`]);
    entries.push(...sorted(versions).map(([name, version]): [string, string] => [`version ${name}`, version]));
    const byName = timers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    entries.push(
      ...byName.map(({ name, ms, source }): [string, string] => [`timer ${name}`, `${formatDuration(ms)} (${source})`]),
    );
  }
  return Object.fromEntries(entries);
}

/** `worker w2 (node down: w2)`: roles decide how long recovery takes. */
function targets(events: RunEvent[], inspection: Inspection | undefined): string {
  const aimed = events.flatMap((event) => (event.kind === 'targets' ? event.targets : []));
  const described = aimed.map((target) => {
    if (target.kind === 'service') return `service ${target.service}`;
    const node = inspection?.nodes.find(({ name }) => name === target.node);
    const where = node ? `${node.leader ? 'leader' : node.role} ${target.node}` : target.node;
    return target.kind === 'member' ? `a member of ${target.member.service} on ${where}` : where;
  });
  return described.join(', ') || 'none';
}

/**
 * `db 1 of 1, vote 1 of 2`: whether anything is left of a service decides how long recovery takes, more than anything else does.
 * Told of nodes, where it was recorded.
 */
function membersThere(events: RunEvent[], { services }: RunMeta): string[] {
  const aimed = events.flatMap((event) =>
    event.kind === 'targets' && event.targets.some(({ kind }) => kind === 'node') ? [event.services] : [],
  );
  const told = aimed.filter((counts) => counts !== undefined);
  if (told.length === 0 || told.length < aimed.length) return [];
  const say = ([service, count]: [string, number]) => {
    const all = services[service];
    return typeof all === 'number' ? `${service} ${count} of ${all}` : `${service} ${count}`;
  };
  return [told.map((counts) => sorted(counts).map(say).join(', ') || 'none').join('; ')];
}

function sorted<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Phases that come after what is judged: their failure changes no number, and must be known. */
const AFTERWARDS = new Set(['verify', 'clean up']);

/** What a reader must know beside the verdict. */
export function warningsOf(
  events: RunEvent[],
  series: Series[],
  streams: StreamFindings[],
  durability: Durability[],
  torn: number,
): string[] {
  const warnings: string[] = [];
  for (const event of events) {
    if (event.kind === 'warning') warnings.push(event.text);
    if (event.kind === 'evidence' && event.of === 'healed' && !event.evidence)
      warnings.push(`${event.fault} was not seen to be healed`);
    if (event.kind === 'phase' && event.state === 'failed' && AFTERWARDS.has(event.phase)) {
      warnings.push(`${event.phase} failed: ${event.message ?? 'no reason was recorded'}`);
    }
  }
  if (torn > 0) warnings.push(`the last sample was cut off: ${torn} bytes of it are in the file`);
  for (const { spec, missing } of series) {
    if (missing > 0) warnings.push(`${missing} samples of ${spec.name} are missing: they count as not ok`);
  }
  for (const { stream, afterHealing } of streams) {
    if (afterHealing) warnings.push(`${stream} failed again after the healing: ${sayRecovery(afterHealing)}`);
  }
  for (const { stream, unexpected, duplicated } of durability) {
    if (unexpected.length > 0)
      warnings.push(`${unexpected.length} writes were read back that ${stream} never sent, such as ${unexpected[0]}`);
    if (duplicated.length > 0)
      warnings.push(`${duplicated.length} writes of ${stream} were read back more than once, such as ${duplicated[0]}`);
  }
  return warnings;
}

function sayRecovery(mark: StreamFindings['ttsr']): string {
  if (mark.ms !== undefined) return `stable ${formatDuration(mark.ms)} after it began`;
  return `not stable within ${formatDuration(mark.beyond ?? 0)} of its beginning`;
}
