/** What a scenario is on one cluster: what is expected there, and how often its probes may come. */
import type { Fault } from '../faults/fault.ts';
import type { WrittenLoad } from '../load/schema.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { formatDuration, formatRate } from '../units/units.ts';
import {
  isOverload,
  type ProbeUse,
  type Scenario,
  shortestHorizon,
  shortestSteady,
  type WrittenScenario,
} from './scenario.ts';

type Place = Pick<Cluster, 'probeInterval'> & { platform: string };

export function scenarioOn({ platform, probeInterval = 0 }: Place, written: WrittenScenario): Scenario {
  const { expect, probes } = written;
  const seldom = ([name, use]: [string, ProbeUse]) => [
    name,
    use.exact ? use : { ...use, every: Math.max(use.every, probeInterval) },
  ];
  return {
    ...written,
    expect: typeof expect === 'string' ? expect : (expect[platform] ?? 'pass'),
    probes: Object.fromEntries(Object.entries(probes).map(seldom)),
  };
}

/** The probes of which the steady state on this cluster has too few, or the horizon no window of them, and what to do about it. */
export function tooSeldom({ steady, horizon, probes, objectives }: Scenario, { file, probeInterval }: Cluster) {
  if (probeInterval === undefined) return [];
  const every = `every ${formatDuration(probeInterval)}, by the probe-interval of ${file}`;
  return Object.entries(probes).flatMap(([name, use]) => {
    const needs = [
      { what: 'of steady state', key: 'steady', is: steady, shortest: shortestSteady(use) },
      ...(objectives[name]?.recovery === undefined
        ? []
        : [{ what: 'of horizon', key: 'horizon', is: horizon, shortest: shortestHorizon(use) }]),
    ];
    return needs
      .filter(({ is, shortest }) => is < shortest)
      .map(({ what, key, is, shortest }) => ({
        name,
        message: `too seldom for ${formatDuration(is)} ${what}: ${every}`,
        hint: `${key} must be at least ${formatDuration(shortest)} there`,
      }));
  });
}

/** What the entries of a cluster do not bear. */
interface NotBorne {
  /** Its place in the scenario's file. */
  at: (string | number)[];
  message: string;
  hint: string;
}

/** What of a scenario is more than the cluster file says of its entries: the scenario is skipped there. */
export function beyond(scenario: Scenario, cluster: Cluster, faults: Record<string, Fault>): NotBorne[] {
  const { file, capacity = Number.POSITIVE_INFINITY, probeInterval = 0 } = cluster;
  const borne = `the capacity that ${file} gives for its entries is ${formatRate(capacity)}`;
  const floods = scenario.faults.map(({ fault, options }, index) => ({
    at: ['faults', index, fault],
    what: `'${fault}' sends`,
    rate: faults[fault]!.sends?.(options) ?? 0,
  }));
  // What stands in place of a fault is meant to be more than can be borne.
  const load =
    scenario.load && !isOverload(scenario)
      ? [{ at: ['load'], what: 'the load sends', rate: highestRate(scenario.load) }]
      : [];
  const tooMuch = [...floods, ...load].filter((each) => each.rate > capacity);
  const tooOften = Object.entries(scenario.probes).filter(([, { every, exact }]) => exact && every < probeInterval);
  return [
    ...tooMuch.map(({ at, what, rate: sent }) => ({
      at,
      message: `${what} ${Number.isFinite(sent) ? `up to ${formatRate(sent)}` : 'as much as is answered'}, and ${borne}`,
      hint: 'choose a cluster that bears it, or correct `capacity` there',
    })),
    ...tooOften.map(([name, { every }]) => ({
      at: ['probes', name],
      message: `'${name}' must come every ${formatDuration(every)}, and the probe-interval of ${file} is ${formatDuration(probeInterval)}`,
      hint: 'choose a cluster that bears it, or correct `probe-interval` there',
    })),
  ];
}

/** Of a closed model, and of a script that chooses itself, nobody knows it. */
function highestRate({ rate, stages = [] }: WrittenLoad): number {
  const rates = [...(rate === undefined ? [] : [rate]), ...stages.map((stage) => stage.rate)];
  return rates.length > 0 ? Math.max(...rates) : Number.POSITIVE_INFINITY;
}
