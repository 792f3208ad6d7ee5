import { seeded } from '../../units/random.ts';

/** How far the phase moves from one probe to the next, at most, as a share of the interval. */
export const STEP = 0.05;

/**
 * When the probes of a stream are due. Probe i is due in its own slot [i·every, (i+1)·every), at a phase that wanders from
 * one random place in the slot to the next, in steps of at most 5 % of the interval.
 *
 * So none is skipped or merged and neighbours are never more than 1.05 intervals apart, yet two streams of the same
 * interval keep overtaking each other: with fixed phases they would alternate for ever, and behind a round robin over two
 * replicas each stream would only ever see one of them.
 */
export class Schedule {
  readonly #every: number;
  readonly #random: () => number;
  #seq = 0;
  #phase: number;
  #goal: number;

  constructor(every: number, seed: number) {
    this.#every = every;
    this.#random = seeded(seed);
    this.#phase = this.#random();
    this.#goal = this.#random();
  }

  /** The number of the next probe. */
  get seq(): number {
    return this.#seq;
  }

  /** ms after the schedule's beginning at which the next probe is due. */
  get due(): number {
    return (this.#seq + this.#phase) * this.#every;
  }

  advance(): void {
    this.#seq++;
    const way = this.#goal - this.#phase;
    const step = STEP * (0.5 + 0.5 * this.#random());
    if (Math.abs(way) > step) {
      this.#phase += Math.sign(way) * step;
    } else {
      this.#phase = this.#goal;
      this.#goal = this.#random();
    }
  }
}

/** A seed for each stream, so that adding one does not change the others (FNV-1a of the name, mixed with the seed). */
export function streamSeed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
