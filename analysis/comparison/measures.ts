/** What one run contributes to a comparison: each number is one observation. */

import { longerOf, worstRecovery } from '../events/recovery-split.ts';
import {
  type Durability,
  degradations,
  type Findings,
  type Mark,
  type SplitStep,
  type StreamFindings,
} from '../findings.ts';
import { damagedWrites, lostWrites } from '../streams/durability.ts';
import { wasProbed } from '../streams/stream.ts';
import type { Unit } from './comparison.ts';
import type { Observation } from './statistics.ts';

/** A named number and how to read it. Undefined if there is none. */
export interface Reading<From> {
  name: string;
  unit: Unit;
  /** That it is 0 in every run is no news: it is not told then. */
  quietAtZero?: true;
  read(from: From): Observation | undefined;
}

export const reading =
  <From>(unit: Unit) =>
  (name: string, read: (from: From) => Observation | number | undefined): Reading<From> => ({
    name,
    unit,
    read: (from) => {
      const value = read(from);
      return typeof value === 'number' ? (Number.isFinite(value) ? { value } : undefined) : value;
    },
  });

function observed({ ms, bracket, beyond }: Mark): Observation | undefined {
  if (ms !== undefined) return bracket ? { value: ms, bracket } : { value: ms };
  return beyond === undefined ? undefined : { beyond };
}

const streamMs = reading<StreamFindings>('ms');
const streamShare = reading<StreamFindings>('share');
const streamCount = reading<StreamFindings>('count');
const streamRate = reading<StreamFindings>('a second');
const streamSeconds = reading<StreamFindings>('seconds');
/** Older findings have a latency of 0 if nothing was answered: that is no observation. */
const answered = (ms: number, n: number) => (n > 0 ? ms : undefined);

/** A sum up to stability: more than was seen, if stability was not. */
const untilStable = ({ ttsr }: StreamFindings, sum: number) =>
  ttsr.beyond !== undefined && Number.isFinite(sum) ? { beyond: sum } : sum;

export const ofStream = [
  streamMs('first failure', ({ tte }) => observed(tte)),
  streamMs('first success', ({ ttfs }) => observed(ttfs)),
  streamMs('stable', ({ ttsr }) => observed(ttsr)),
  streamMs('stable after healing', ({ afterHealing }) => observed(afterHealing ?? {})),
  streamMs('error window', ({ errorWindow }) => observed(errorWindow)),
  streamMs('longest outage', ({ longestOutage }) => observed(longestOutage ?? {})),
  streamCount('outages', (stream) => (wasProbed(stream) ? stream.outages.length : undefined)),
  streamShare('availability before', ({ steady }) => steady.ok / steady.scheduled),
  streamShare('availability', ({ availability }) => availability),
  streamShare('whole seconds', ({ wholeSeconds }) => wholeSeconds),
  streamShare('worst 1 s', ({ worst }) => worst.s1),
  streamShare('worst 10 s', ({ worst }) => worst.s10),
  streamShare('worst 60 s', ({ worst }) => worst.s60),
  streamRate('goodput before', ({ goodput }) => goodput.steady),
  streamRate('goodput', ({ goodput }) => goodput.during),
  streamMs('p50 before', ({ steady }) => answered(steady.latency.p50, steady.latency.n)),
  streamMs('p50', ({ during }) => answered(during.latency.p50, during.latency.n)),
  streamMs('p95 before', ({ steady }) => answered(steady.latency.p95, steady.latency.n)),
  streamMs('p95', ({ during }) => answered(during.latency.p95, during.latency.n)),
  streamMs('p99 before', ({ steady }) => answered(steady.latency.p99, steady.latency.n)),
  streamMs('p99', ({ during }) => answered(during.latency.p99, during.latency.n)),
  streamSeconds('error seconds', ({ errorSeconds }) => errorSeconds),
  streamSeconds('degraded seconds', (stream) => untilStable(stream, stream.degradedSeconds)),
  streamSeconds('resilience loss', (stream) => untilStable(stream, stream.resilienceLoss)),
  streamShare('lowest quality', ({ minQ }) => minQ),
] as const;

const steps: readonly SplitStep['step'][] = [
  'fault confirmed',
  'first failure',
  'platform noticed',
  'rescheduled',
  'started',
  'first success',
  'last stale connection',
  'stable',
];

/** If the platform did not notice the fault while it lasted, the time to detection is censored, not missing. */
function stepOf({ split, ttd, t0 }: Findings, step: SplitStep['step']): Mark {
  if (step === 'platform noticed' && t0) return ttd;
  return split.find((one) => one.step === step)?.mark ?? {};
}

export const ofSplit: Reading<Findings>[] = steps.map((step) =>
  reading<Findings>('ms')(step, (findings) => observed(stepOf(findings, step))),
);

export const ofDegradation: Reading<Findings>[] = degradations.map((kind) =>
  reading<Findings>('seconds')(kind, ({ degradation, t0 }) => (t0 ? degradation[kind] : undefined)),
);

function lost(found: Durability): Observation | undefined {
  const range = lostWrites(found);
  // Of nothing that was acknowledged nothing can be lost, and that proves nothing.
  if (!range || found.acknowledged === 0) return undefined;
  const value = found.lost.length + damagedWrites(found);
  return range.from === range.to ? { value } : { value, bracket: range };
}

const writeCount = reading<Durability>('count');

export const ofDurability = [
  writeCount('acknowledged', ({ acknowledged }) => acknowledged),
  writeCount('lost', lost),
  writeCount('never answered', ({ indeterminate }) => indeterminate),
  writeCount('never answered, found', ({ recovered, unknown }) => (unknown === undefined ? recovered : undefined)),
  reading<Durability>('ms')('queue', ({ backlog }) => {
    if (!backlog) return undefined;
    return backlog.left === 0 ? { value: backlog.waited } : { beyond: backlog.waited };
  }),
];

/** Where healing disturbed those who had recovered before it. */
const recoveryAfterHealing = reading<Findings>('ms')('recovery after healing', ({ streams, t0, healing }) => {
  // Who had not recovered before it did not recover from it.
  const isBefore = ({ ms }: Mark) =>
    t0 !== undefined && healing !== undefined && ms !== undefined && t0.from + ms < healing.from;
  if (streams.length === 0 || !streams.every(({ ttsr }) => isBefore(ttsr))) return undefined;
  return observed(streams.map(({ afterHealing }) => afterHealing ?? { ms: 0 }).reduce(longerOf));
});

/** A run in a few numbers, each of the worst stream. */
export const ofRun: Reading<Findings>[] = [
  reading<Findings>('ms')('recovery', ({ streams }) => observed(worstRecovery(streams))),
  { ...recoveryAfterHealing, quietAtZero: true },
  reading<Findings>('share')('availability', ({ streams }) => least(streams.map(({ availability }) => availability))),
  reading<Findings>('share')('worst 10 s', ({ streams }) => least(streams.map(({ worst }) => worst.s10))),
  reading<Findings>('count')('lost', ({ durability }) => {
    const all = durability.map(lost);
    if (all.length === 0 || all.includes(undefined)) return undefined;
    const sum = (pick: (one: Observation) => number) => all.reduce((total, one) => total + pick(one!), 0);
    const value = sum(({ value }) => value!);
    const from = sum(({ value, bracket }) => bracket?.from ?? value!);
    const to = sum(({ value, bracket }) => bracket?.to ?? value!);
    return from === to ? { value } : { value, bracket: { from, to } };
  }),
];

function least(shares: number[]): number | undefined {
  const known = shares.filter(Number.isFinite);
  return known.length > 0 ? Math.min(...known) : undefined;
}
