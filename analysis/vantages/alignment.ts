/**
 * Two computers' monotonic clocks, laid on one another. Each exchange says for certain between which two bounds the offset (one clock less
 * the other) lay at its moment. From there the bounds open with time, as fast as two clocks may drift apart; what all exchanges leave is the
 * offset, and half of what is left is its error. Nothing is averaged and no delay is taken for symmetric, so the error is a bound, not a guess.
 */
import type { Exchange } from '../../probes/vantage/exchanges.ts';
import type { Bracket } from '../../units/bracket.ts';

/**
 * How fast two clocks are taken to drift apart at most, as a share of time: a crystal is off by up to 0.01 %, and a time service speeds a clock up or slows it
 * down, by up to 0.05 % for good and, of the offset that it makes up for, by an eighth a second (systemd-timesyncd at its shortest interval, by the kernel's phase-locked loop):
 * 0.4 % while 32 ms are made up for. It matters only between two exchanges.
 */
export const DRIFT = 0.005;

/** ms. */
export interface Offset {
  /** What is added to a time of the other clock. */
  offset: number;
  /** The true one is at most so far away. */
  error: number;
}

export class Alignment {
  readonly #at: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  /** In any order; not none. */
  constructor(exchanges: readonly Exchange[]) {
    const sorted = exchanges.toSorted((a, b) => a.at - b.at);
    this.#at = Float64Array.from(sorted, ({ at }) => at);
    this.#low = tightened(
      this.#at,
      Float64Array.from(sorted, ({ asked, at }) => at - asked),
    ).map((bound) => -bound);
    this.#high = tightened(
      this.#at,
      Float64Array.from(sorted, ({ heard, at }) => heard - at),
    );
  }

  /** No offset fits all exchanges: a clock was set, stood still, or drifted faster than any clock should. */
  get isContradicted(): boolean {
    return this.#low.some((low, i) => low > this.#high[i]!);
  }

  /** `at`: on the other clock, ms. */
  offsetAt(at: number): Offset {
    const { from, to } = this.#boundsAt(at);
    return { offset: (from + to) / 2, error: (to - from) / 2 };
  }

  #boundsAt(at: number): Bracket {
    const next = firstFrom(this.#at, at);
    let [from, to] = [-Infinity, Infinity];
    for (const i of [next - 1, next]) {
      if (i < 0 || i >= this.#at.length) continue;
      const opened = Math.abs(at - this.#at[i]!) * DRIFT;
      from = Math.max(from, this.#low[i]! - opened);
      to = Math.min(to, this.#high[i]! + opened);
    }
    return { from, to };
  }
}

/** Upper bounds, each lowered to what the others allow at its moment. */
function tightened(at: Float64Array, bounds: Float64Array): Float64Array {
  const tight = bounds.slice();
  for (let i = 1; i < tight.length; i++) tight[i] = Math.min(tight[i]!, tight[i - 1]! + (at[i]! - at[i - 1]!) * DRIFT);
  for (let i = tight.length - 2; i >= 0; i--)
    tight[i] = Math.min(tight[i]!, tight[i + 1]! + (at[i + 1]! - at[i]!) * DRIFT);
  return tight;
}

/** The first index whose value is `value` or more. */
function firstFrom(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
