import { createHistogram } from 'node:perf_hooks';
import type { LoadCounts, LoadSecond, LoadTotals } from './load.ts';

/** µs; an hour at most. A percentile is off by less than a thousandth. */
const HISTOGRAM = { lowest: 1, highest: 3.6e9, figures: 3 };

/** Counts of a whole load, its percentiles from all its requests, in memory that does not grow. */
export class Totals {
  readonly #counts = { offered: 0, ok: 0, failed: 0, dropped: 0 };
  readonly #errors: Record<string, number> = {};
  readonly #drops: Record<string, number> = {};
  readonly #latency = createHistogram(HISTOGRAM);
  readonly #lateness = createHistogram(HISTOGRAM);
  #max = 0;

  offered(): void {
    this.#counts.offered++;
  }

  late(ms: number): void {
    record(this.#lateness, ms);
  }

  ok(latency: number): void {
    this.#counts.ok++;
    record(this.#latency, latency);
    this.#max = Math.max(this.#max, latency);
  }

  failed(error: string): void {
    this.#counts.failed++;
    count(this.#errors, error);
  }

  dropped(reason: string): void {
    this.#counts.dropped++;
    count(this.#drops, reason);
  }

  /** So many fell due and were never begun. */
  missed(reason: string, times: number): void {
    this.#counts.offered += times;
    this.#counts.dropped += times;
    count(this.#drops, reason, times);
  }

  told(): LoadCounts {
    const { offered, ok, failed, dropped } = this.#counts;
    const percentile = (of: number) => (ok === 0 ? 0 : this.#latency.percentile(of) / 1000);
    return {
      offered,
      sent: offered - dropped,
      ok,
      failed,
      dropped,
      p50: percentile(50),
      p95: percentile(95),
      p99: percentile(99),
      max: this.#max,
      errors: this.#errors,
      ...(dropped > 0 ? { drops: this.#drops } : {}),
      ...(this.#lateness.count > 0 ? { lateness: this.#lateness.percentile(99) / 1000 } : {}),
    };
  }
}

function record(histogram: ReturnType<typeof createHistogram>, ms: number): void {
  histogram.record(Math.min(HISTOGRAM.highest, Math.max(1, Math.round(ms * 1000))));
}

/** One more of that name, or so many. */
export function count(counts: Record<string, number>, name: string, times = 1): void {
  counts[name] = (counts[name] ?? 0) + times;
}

/** What is left of a load whose engine broke: the sums of its seconds. */
export function sumOf(seconds: readonly LoadSecond[]): LoadTotals {
  const sum: LoadTotals = {
    offered: 0,
    sent: 0,
    ok: 0,
    failed: 0,
    dropped: 0,
    max: 0,
    errors: {},
  };
  for (const second of seconds) {
    for (const key of ['offered', 'sent', 'ok', 'failed', 'dropped'] as const) sum[key] += second[key];
    sum.max = Math.max(sum.max, second.max);
    for (const [error, times] of Object.entries(second.errors)) count(sum.errors, error, times);
    for (const [reason, times] of Object.entries(second.drops ?? {})) {
      sum.drops ??= {};
      count(sum.drops, reason, times);
    }
  }
  return sum;
}
