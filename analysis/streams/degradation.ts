import { type Degradation, degradations, type SecondBin } from '../findings.ts';
import type { StreamBin } from './bins.ts';
import { BIN } from './series.ts';
import { GOOD } from './stability.ts';

/** What is needed of each stream to classify a second. */
export interface BinnedStream {
  stream: string;
  writes: boolean;
  /** From the recording's origin on. */
  bins: StreamBin[];
  /** A second with a p95 above this is slow, ms from when its probes were sent. */
  slow: number;
}

/** Every second in which a probe was due. Seconds without any are left out: nothing is known about them. */
export function secondBins(streams: BinnedStream[]): SecondBin[] {
  const seconds = streams.reduce((most, { bins }) => Math.max(most, bins.length), 0);
  const all: SecondBin[] = [];
  for (let second = 0; second < seconds; second++) {
    const present = streams.filter(({ bins }) => (bins[second]?.scheduled ?? 0) > 0);
    if (present.length === 0) continue;
    const entries = present.map(({ stream, bins }) => {
      const { scheduled, ok, p50, p95 } = bins[second]!;
      return [stream, { scheduled, ok, p50, p95 }] as const;
    });
    all.push({ second, class: classOf(present, second), streams: Object.fromEntries(entries) });
  }
  return all;
}

/** What still worked for users in one second, over all streams; the worst class that fits. */
function classOf(streams: BinnedStream[], second: number): Degradation {
  const bins = streams.map(({ bins }) => bins[second]!);
  const reads = streams.filter(({ writes }) => !writes).map(({ bins }) => bins[second]!);
  const writes = streams.filter((stream) => stream.writes).map(({ bins }) => bins[second]!);
  const failures = sum(bins, ({ scheduled, ok }) => scheduled - ok);
  const stale = sum(bins, (bin) => bin.stale);
  if (bins.every(isGood)) {
    return streams.some(({ bins: own, slow }) => own[second]!.answered > slow) ? 'slow' : 'full';
  }
  // A stale answer is still an answer: a service that gives only those is stale, not down.
  if (stale === failures) return 'stale';
  if (bins.every(({ ok }) => ok === 0)) return 'down';
  if (reads.length > 0 && writes.length > 0 && reads.every(isGood) && writes.every(({ ok }) => ok === 0))
    return 'read-only';
  return 'partial';
}

function isGood({ scheduled, ok }: StreamBin): boolean {
  return ok >= GOOD * scheduled;
}

function sum(bins: StreamBin[], of: (bin: StreamBin) => number): number {
  return bins.reduce((total, bin) => total + of(bin), 0);
}

/** Seconds of each class, over the bins that touch [from, to), ms since the recording's origin. */
export function countClasses(bins: SecondBin[], from: number, to: number): Record<Degradation, number> {
  const counts = Object.fromEntries(degradations.map((name) => [name, 0])) as Record<Degradation, number>;
  for (const bin of bins) {
    if ((bin.second + 1) * BIN > from && bin.second * BIN < to) counts[bin.class]++;
  }
  return counts;
}

/** Bins with some success but less than 99.9 %, or with slow answers: degraded, but not down. */
export function degradedSeconds(bins: StreamBin[], slow: number): number {
  const isDegraded = ({ scheduled, ok, answered }: StreamBin) => ok > 0 && (ok < GOOD * scheduled || answered > slow);
  return bins.filter(isDegraded).length;
}

export interface Resilience {
  /** RL = ∫(1 − Q) dt, lost seconds. */
  loss: number;
  minQ: number;
}

/**
 * Bruneau's resilience triangle over bins from t₀ on. Q = goodput / steady goodput, at most 1, both per scheduled probe: with an
 * open loop that is the same as per second, and it does not depend on where a second begins. NaN without steady goodput: there is
 * nothing to compare with.
 */
export function resilience(bins: StreamBin[], steadyGoodShare: number): Resilience {
  if (!(steadyGoodShare > 0)) return { loss: Number.NaN, minQ: Number.NaN };
  let loss = 0;
  let minQ = 1;
  for (const { scheduled, good } of bins) {
    if (scheduled === 0) continue;
    const q = Math.min(1, good / scheduled / steadyGoodShare);
    loss += (1 - q) * (BIN / 1000);
    minQ = Math.min(minQ, q);
  }
  return { loss, minQ };
}

/**
 * GD = 1 − RL / (TTSR − TTE). Undefined if there was no disturbance, or no recovery was seen. `loss` in seconds, marks in
 * ms.
 */
export function degradationScore(loss: number, tte: number | undefined, ttsr: number | undefined): number | undefined {
  if (tte === undefined || ttsr === undefined || ttsr <= tte || Number.isNaN(loss)) return undefined;
  return Math.max(0, 1 - (loss * 1000) / (ttsr - tte));
}

/** A maximal run of seconds of one class, in seconds since a zero. */
export interface Spell {
  from: number;
  to: number;
  class: Degradation;
}

/** `zero`: seconds since the recording's origin. A second that was not probed ends a spell. */
export function spellsOf(bins: readonly SecondBin[], zero: number): Spell[] {
  const found: Spell[] = [];
  for (const { second, class: kind } of bins) {
    const last = found.at(-1);
    if (last?.class === kind && last.to === second) last.to++;
    else found.push({ from: second, to: second + 1, class: kind });
  }
  return found.map(({ from, to, class: kind }) => ({ from: from - zero, to: to - zero, class: kind }));
}
