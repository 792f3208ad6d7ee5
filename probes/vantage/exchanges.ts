import type { Order } from './messages.ts';

/**
 * One look at another computer's clock: what it read lies between the two moments at which it was asked for and was heard of. Nothing is
 * assumed of the ways there and back. ms; `asked` and `heard` on the clock of who asks, `at` on the one that was read.
 */
export interface Exchange {
  asked: number;
  at: number;
  heard: number;
}

/** Asks what time it is elsewhere, one question at a time. */
export class Exchanges {
  readonly #now: () => number;
  readonly #send: (order: Order) => void;
  readonly #record: (exchange: Exchange) => void;
  #number = 0;
  #open: { asked: number; answered: PromiseWithResolvers<void> } | undefined;

  constructor(now: () => number, send: (order: Order) => void, record: (exchange: Exchange) => void) {
    this.#now = now;
    this.#send = send;
    this.#record = record;
  }

  /** Resolves when it is answered. Where an earlier question is still open, that is waited for. */
  ask(): Promise<void> {
    if (!this.#open) {
      this.#open = { asked: this.#now(), answered: Promise.withResolvers() };
      this.#send({ kind: 'ask', number: ++this.#number });
    }
    return this.#open.answered.promise;
  }

  /** Some in a row: the fastest of them is the one that says most. */
  async several(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.ask();
  }

  answered(number: number, at: number): void {
    const heard = this.#now();
    if (!this.#open || number !== this.#number) return;
    const { asked, answered } = this.#open;
    this.#open = undefined;
    this.#record({ asked, at, heard });
    answered.resolve();
  }
}
