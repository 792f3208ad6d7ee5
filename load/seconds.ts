import type { LoadSecond } from './load.ts';
import { count } from './totals.ts';

const SECOND = 1000;

/** A second that is not told yet. */
interface Second {
  offered: number;
  undecided: number;
  failed: number;
  dropped: number;
  latencies: number[];
  lateness: number[];
  errors: Record<string, number>;
  drops: Record<string, number>;
}

/**
 * Counts by the second to which requests belong. A second is told once all of it is decided, and those before it are told: a target that
 * is silent shows as failures, not as a gap. So no more of them are held than last one timeout.
 */
export class Seconds {
  readonly #seconds = new Map<number, Second>();
  readonly #tell: (second: LoadSecond) => void;
  /** The next one to tell. */
  #next: number;

  /** `begins`: ms since the origin, in the first second. */
  constructor(begins: number, tell: (second: LoadSecond) => void) {
    this.#next = Math.floor(begins / SECOND);
    this.#tell = tell;
  }

  /** `at`: when it was due, or sent; `lateness` where there is one. */
  offered(at: number, lateness?: number): void {
    const second = this.#of(at);
    second.offered++;
    second.undecided++;
    if (lateness !== undefined) second.lateness.push(lateness);
  }

  ok(at: number, latency: number): void {
    this.#decided(at).latencies.push(latency);
  }

  failed(at: number, error: string): void {
    const second = this.#decided(at);
    second.failed++;
    count(second.errors, error);
  }

  dropped(at: number, reason: string): void {
    const second = this.#decided(at);
    second.dropped++;
    count(second.drops, reason);
  }

  /** So many fell due at that time and were never begun. */
  missed(at: number, reason: string, times: number): void {
    const second = this.#of(at);
    second.offered += times;
    second.dropped += times;
    count(second.drops, reason, times);
  }

  /** Tells the seconds that are over at `now` and decided. */
  take(now: number): void {
    while ((this.#next + 1) * SECOND <= now && (this.#seconds.get(this.#next)?.undecided ?? 0) === 0) this.#take();
  }

  /** Tells the rest: nothing more comes. */
  end(now: number): void {
    while (this.#next * SECOND <= now || this.#seconds.size > 0) this.#take();
  }

  #take(): void {
    const { offered, failed, dropped, latencies, lateness, errors, drops } = this.#seconds.get(this.#next) ?? empty();
    const sorted = Float64Array.from(latencies).sort();
    this.#seconds.delete(this.#next);
    this.#tell({
      at: this.#next++ * SECOND,
      offered,
      sent: offered - dropped,
      ok: sorted.length,
      failed,
      dropped,
      p50: quantile(sorted, 0.5),
      p95: quantile(sorted, 0.95),
      p99: quantile(sorted, 0.99),
      max: quantile(sorted, 1),
      errors,
      ...(dropped > 0 ? { drops } : {}),
      ...(lateness.length > 0 ? { lateness: quantile(Float64Array.from(lateness).sort(), 0.99) } : {}),
    });
  }

  #decided(at: number): Second {
    const second = this.#of(at);
    second.undecided--;
    return second;
  }

  #of(at: number): Second {
    const index = Math.floor(at / SECOND);
    const second = this.#seconds.get(index) ?? empty();
    this.#seconds.set(index, second);
    return second;
  }
}

function empty(): Second {
  return { offered: 0, undecided: 0, failed: 0, dropped: 0, latencies: [], lateness: [], errors: {}, drops: {} };
}

/** The smallest value that is not exceeded by so many of them, rounded to µs; 0 of nothing. */
function quantile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 1000) / 1000;
}
