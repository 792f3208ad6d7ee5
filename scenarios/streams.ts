import { targetOn } from '../fixtures/on-cluster.ts';
import type { Workload } from '../fixtures/workload.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { REUSED, type StreamSpec } from '../probes/probe.ts';
import type { Scenario } from './scenario.ts';

/** What is probed in a run of the scenario on that cluster. Throws OperatorError where the cluster file names no such entry. */
export function streamsOf(scenario: Scenario, workload: Workload, cluster: Cluster, run: string): StreamSpec[] {
  return Object.entries(scenario.probes).flatMap(([name, use]) => {
    const probe = workload.probes[name]!;
    const target = targetOn(cluster, workload, name);
    const credentials = cluster.credentials[probe.entry];
    const connections = use.connection === 'both' ? (['new', 'reused'] as const) : [use.connection];
    return connections.map((connection): StreamSpec => {
      const stream = use.connection === 'both' && connection === 'reused' ? name + REUSED : name;
      return {
        name: stream,
        kind: probe.kind,
        target,
        every: use.every,
        timeout: use.timeout,
        connection,
        writes: probe.writes,
        idPrefix: `${run}-${stream}-`,
        ...(credentials === undefined ? {} : { credentials }),
        ...(cluster.entryCa !== undefined && target.startsWith('https:') ? { ca: cluster.entryCa } : {}),
        options: probe.options ?? {},
      };
    });
  });
}
