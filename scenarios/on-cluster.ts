/** What a scenario is on one cluster: what is expected there, and how often its probes may come. */
import type { Cluster } from '../platforms/cluster.ts';
import { formatDuration } from '../units/units.ts';
import { type ProbeUse, type Scenario, shortestSteady, type WrittenScenario } from './scenario.ts';

type Place = Pick<Cluster, 'probeInterval'> & { platform: string };

export function scenarioOn({ platform, probeInterval = 0 }: Place, written: WrittenScenario): Scenario {
  const { expect, probes } = written;
  const seldom = ([name, use]: [string, ProbeUse]) => [name, { ...use, every: Math.max(use.every, probeInterval) }];
  return {
    ...written,
    expect: typeof expect === 'string' ? expect : (expect[platform] ?? 'pass'),
    probes: Object.fromEntries(Object.entries(probes).map(seldom)),
  };
}

/** The probes of which the steady state on this cluster has too few, and what to do about it. */
export function tooSeldom({ steady, probes }: Scenario, { file, probeInterval }: Cluster) {
  return Object.entries(probes).flatMap(([name, use]) => {
    const shortest = shortestSteady(use);
    if (probeInterval === undefined || steady >= shortest) return [];
    const every = `every ${formatDuration(probeInterval)}, by the probe-interval of ${file}`;
    const message = `too seldom for ${formatDuration(steady)} of steady state: ${every}`;
    return [{ name, message, hint: `steady must be at least ${formatDuration(shortest)} there` }];
  });
}
