import type { RateOverTime } from '../load.ts';

/** A request less than this before the end is one of the floats', not of the rate's. */
const ROUNDING = 1e-6;

/** A stage with how many requests fall due before it, and when it begins, s. */
interface Piece {
  begins: number;
  before: number;
  from: number;
  to: number;
  lasts: number;
}

/**
 * When the requests of a rate over time are due, each on its own from the beginning: request k when the rate's integral is k. So nothing
 * adds up, neither rounding nor lateness, and 5000/s for 60 s are 300,000 requests.
 */
export class Arrivals {
  /** How many there are. */
  readonly count: number;
  /** How long it lasts, ms. */
  readonly lasts: number;
  readonly #pieces: Piece[] = [];
  #next = 0;
  #piece = 0;

  constructor({ from, stages }: RateOverTime) {
    let begins = 0;
    let before = 0;
    let rate = from;
    for (const stage of stages) {
      const lasts = stage.for / 1000;
      this.#pieces.push({ begins, before, from: rate, to: stage.rate, lasts });
      begins += lasts;
      before += ((rate + stage.rate) / 2) * lasts;
      rate = stage.rate;
    }
    this.count = Math.ceil(before - ROUNDING);
    this.lasts = begins * 1000;
  }

  /** How many were taken. */
  get taken(): number {
    return this.#next;
  }

  /** When the next one is due, ms from the beginning; Infinity when there is none. */
  get due(): number {
    if (this.#next >= this.count) return Number.POSITIVE_INFINITY;
    while ((this.#pieces[this.#piece + 1]?.before ?? Number.POSITIVE_INFINITY) <= this.#next) this.#piece++;
    const { begins, before, from, to, lasts } = this.#pieces[this.#piece]!;
    const wanted = this.#next - before;
    if (wanted <= 0) return begins * 1000;
    // from·x + (to − from)/(2·lasts)·x² = wanted, in the form that also holds where the rate stays the same.
    const root = Math.sqrt(Math.max(0, from * from + (2 * wanted * (to - from)) / lasts));
    return (begins + Math.min(lasts, (2 * wanted) / (from + root))) * 1000;
  }

  take(): void {
    this.#next++;
  }
}
