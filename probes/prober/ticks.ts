import type { Result } from '../probe.ts';
import type { ProberTick } from './plan.ts';
import { Reasons, reasonOf } from './reasons.ts';

const SECOND = 1000;

interface Counts {
  ok: number;
  fail: number;
  indeterminate: number;
  latencies: number[];
  reasons: Reasons;
}

interface Second {
  undecided: number;
  lateness: number[];
  streams: Map<string, Counts>;
}

/**
 * Counts by the second in which probes fell due. A second is reported once every probe of it is decided, so a silent target
 * shows as failures, not as a gap; that is one timeout late at most.
 */
export class Ticks {
  readonly #names: string[];
  readonly #seconds = new Map<number, Second>();
  /** The next second to report. */
  #next: number;

  constructor(names: string[], t0: number) {
    this.#names = names;
    this.#next = Math.floor(t0 / SECOND);
  }

  due(due: number, lateness: number): void {
    const second = this.#second(due);
    second.undecided++;
    second.lateness.push(lateness);
  }

  decided(name: string, due: number, done: number, result: Result): void {
    const second = this.#second(due);
    second.undecided--;
    const counts = second.streams.get(name);
    if (!counts) return;
    counts[result.outcome]++;
    if (result.outcome === 'ok') counts.latencies.push(done - due);
    else counts.reasons.add(reasonOf(result));
  }

  /** The seconds that can be reported at `now`, each once. */
  take(now: number): ProberTick[] {
    const ticks: ProberTick[] = [];
    while ((this.#next + 1) * SECOND <= now && (this.#seconds.get(this.#next)?.undecided ?? 0) === 0) {
      ticks.push(this.#tell(this.#next));
      this.#seconds.delete(this.#next);
      this.#next++;
    }
    return ticks;
  }

  #tell(index: number): ProberTick {
    const second = this.#seconds.get(index) ?? this.#empty();
    const streams: ProberTick['streams'] = {};
    for (const [name, { ok, fail, indeterminate, latencies, reasons }] of second.streams) {
      streams[name] = { ok, fail, indeterminate, p50: quantile(latencies, 0.5), ...reasons.told() };
    }
    return { at: (index + 1) * SECOND, streams, late99: quantile(second.lateness, 0.99) };
  }

  #second(due: number): Second {
    const index = Math.floor(due / SECOND);
    let second = this.#seconds.get(index);
    if (!second) {
      second = this.#empty();
      this.#seconds.set(index, second);
    }
    return second;
  }

  #empty(): Second {
    const streams = this.#names.map((name): [string, Counts] => [
      name,
      { ok: 0, fail: 0, indeterminate: 0, latencies: [], reasons: new Reasons() },
    ]);
    return { undecided: 0, lateness: [], streams: new Map(streams) };
  }
}

/** 0 of nothing. */
function quantile(values: number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
