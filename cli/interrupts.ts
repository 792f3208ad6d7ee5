/** A second request within so long is the first one again, ms: timeout(1) and CI signal a process and then its whole group. */
const SAME = 1_000;

/** Tells the user's second request to stop from the first one that came twice. */
export class Interrupts {
  #first: number | undefined;
  #count = 0;

  /** How often it was asked. */
  get count(): number {
    return this.#count;
  }

  /** A signal came; `now` in ms. Returns true when that is a request of its own. */
  add(now: number): boolean {
    if (this.#first !== undefined && now - this.#first < SAME) return false;
    this.#first ??= now;
    this.#count += 1;
    return true;
  }
}
