/** The time of high availability: the computer's own, or faster. All nodes of a cluster have the same one. */
export class Clock {
  readonly #scale: number;
  readonly #epoch: number;

  /** @param epoch when it began to run faster, ms since 1970 */
  constructor(scale: number, epoch: number) {
    this.#scale = scale;
    this.#epoch = epoch;
  }

  /** Seconds since 1970 as long as it is not faster. It never goes back. */
  now(): number {
    const real = performance.timeOrigin + performance.now();
    return (this.#epoch + (real - this.#epoch) * this.#scale) / 1000;
  }

  /** @param seconds of this clock */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / this.#scale));
  }
}
