import { entriesOn, exampleEntry } from '../fixtures/on-cluster.ts';
import type { Workload } from '../fixtures/workload.ts';
import type { Cluster } from '../platforms/cluster.ts';
import type { KnownKinds } from '../probes/kinds.ts';
import { REUSED, type StreamSpec } from '../probes/probe.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';

/** Where a scenario's requests go: the entries that a cluster file names for a workload, in one run. */
export interface Place {
  workload: Workload;
  cluster: Cluster;
  run: string;
}

/** What a request of a probe is, whoever sends it. */
type Asked = Pick<StreamSpec, 'kind' | 'target' | 'writes' | 'ca' | 'credentials' | 'options'>;

/** The streams of a scenario's probes. Throws OperatorError when the cluster file does not name an entry that one asks. */
export function streamsOf({ probes }: Scenario, place: Place): StreamSpec[] {
  return Object.entries(probes).flatMap(([name, use]) => {
    const asked = askedBy(name, `the probe '${name}'`, place);
    const connections = use.connection === 'both' ? (['new', 'reused'] as const) : [use.connection];
    return connections.map((connection): StreamSpec => {
      const stream = use.connection === 'both' && connection === 'reused' ? name + REUSED : name;
      return {
        name: stream,
        every: use.every,
        timeout: use.timeout,
        connection,
        idPrefix: `${place.run}-${stream}-`,
        ...asked,
      };
    });
  });
}

/** What a probe of the workload asks on a cluster. `who`, for the OperatorError that it throws when there is no such entry. */
export function askedBy(name: string, who: string, { workload, cluster }: Place): Asked {
  const probe = workload.probes[name]!;
  const target = entriesOn(cluster, workload)[probe.entry];
  if (target === undefined) {
    throw new OperatorError(`${cluster.file} names no entry '${probe.entry}', which ${who} asks.`, {
      hint: `Add it: ${exampleEntry(workload, probe.entry)}`,
    });
  }
  const credentials = cluster.credentials[probe.entry];
  return {
    kind: probe.kind,
    target,
    writes: probe.writes,
    ...(credentials === undefined ? {} : { credentials }),
    ...(cluster.entryCa !== undefined && target.startsWith('https:') ? { ca: cluster.entryCa } : {}),
    options: probe.options ?? {},
  };
}

/** The files of the kinds of probes that streams use and that do not come with the suite. */
export function filesOf(streams: Pick<StreamSpec, 'kind'>[], kinds: KnownKinds): Record<string, string> {
  const files = streams.map(({ kind }) => [kind, kinds[kind]?.file]);
  return Object.fromEntries(files.filter(([, file]) => file !== undefined));
}
