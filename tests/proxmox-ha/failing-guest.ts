/**
 * A guest whose failures its number says, as in the recorded cases. In `fa:NSMTEL`: N, which of its kind; S, how many starts fail before one
 * succeeds; M, the same of moves; T, not 0 where it cannot be stopped; E is not used; L, the only node where it fails, 0 for all.
 */
export class FailingGuest {
  readonly #failures: { start: number; move: number };
  readonly #onlyOn: string | undefined;
  readonly #tried = { start: 0, move: 0 };
  readonly refusesToStop: boolean;

  constructor(sid: string) {
    const digits = sid.startsWith('fa:') ? [...sid.slice('fa:'.length)].map(Number) : [];
    const [, start = 0, move = 0, stop = 0, , only = 0] = digits;
    this.#failures = { start, move };
    this.refusesToStop = stop !== 0;
    this.#onlyOn = only === 0 ? undefined : `node${only}`;
  }

  fails(what: 'start' | 'move', node: string): boolean {
    if (this.#onlyOn === undefined || this.#onlyOn === node) {
      this.#tried[what]++;
      if (this.#tried[what] <= this.#failures[what]) return true;
    }
    this.#tried[what] = 0;
    return false;
  }
}
