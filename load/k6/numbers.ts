/** From the first to the last, both included. */
export type Range = [from: number, to: number];

/** Whole numbers as they come, told as ranges: those of a good hour are one. */
export class Numbers {
  readonly #all: number[] = [];

  /** How many came again: two writes of one number cannot be told apart. */
  get repeated(): number {
    return this.#all.length - new Set(this.#all).size;
  }

  /** Anything else than a whole number, from 0 on, is no number of a write. */
  add(number: number): void {
    if (Number.isSafeInteger(number) && number >= 0) this.#all.push(number);
  }

  ranges(): Range[] {
    const ranges: Range[] = [];
    for (const number of this.#all.toSorted((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last && number <= last[1] + 1) last[1] = number;
      else ranges.push([number, number]);
    }
    return ranges;
  }
}
