import type { PlatformEvent } from '../../platform.ts';

export type Tell = (event: PlatformEvent) => void;

/** Makes events of objects. What it knows of each is small: what it takes to tell what has changed. */
export interface EventSource<T> {
  /** The state before is no events: `first` is true for what was there when watching began. */
  seen(object: T, how: { first: boolean; late: boolean }): void;
  gone(name: string): void;
}

/**
 * The API's time stamps are in whole seconds; what a watch tells comes within milliseconds. So the stamp is only worth telling
 * where the events itself is late.
 */
export function wallOf(stamp: string | undefined, late: boolean): { wall?: number } {
  const wall = Date.parse(stamp ?? '');
  return late && !Number.isNaN(wall) ? { wall } : {};
}

/**
 * How far the API server's clock is ahead of this computer's, as far as its answers tell: they say what time it is there, in whole seconds. Its stamps are of that
 * clock, or of one that is kept with it.
 */
export class ServerClock {
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;

  /** @param date what the server said, and between which two moments here; epoch ms */
  saw(date: number, asked: number, heard: number): void {
    const [low, high] = [date - heard, date + 1000 - asked];
    this.#low = Math.max(this.#low, low);
    this.#high = Math.min(this.#high, high);
    // One of the two was set, or another server answers.
    if (this.#low > this.#high) [this.#low, this.#high] = [low, high];
  }

  /** The least that all answers allow, ms; 0 where the two may agree. */
  get ahead(): number {
    return this.#low > 0 ? this.#low : Math.min(0, this.#high);
  }
}
