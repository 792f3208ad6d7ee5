/** Things wait here until they are taken; ends with the signal, after what was waiting. */
export class Queue<T> {
  readonly #signal: AbortSignal;
  readonly #waiting: T[] = [];
  #wake: () => void = () => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  push(thing: T): void {
    this.#waiting.push(thing);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    while (!this.#signal.aborted) {
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0 || this.#signal.aborted) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    yield* this.#waiting.splice(0);
  }
}
