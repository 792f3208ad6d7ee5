/** How far the guests of a deployment are, for whoever waits for it. */

/** How often is said what is waited for, ms; only what is new. */
const TELL_EVERY = 3_000;

export class Steps {
  readonly #at = new Map<string, string>();
  readonly #timer: NodeJS.Timeout | undefined;
  #told = '';
  #failure: { error: unknown } | undefined;

  constructor(tell: ((waitingFor: string) => void) | undefined) {
    if (!tell) return;
    this.#timer = setInterval(() => {
      const text = this.text();
      if (text !== '' && text !== this.#told) tell(text);
      this.#told = text;
    }, TELL_EVERY);
  }

  /** `vote-1, vote-2 (boot); db-1 (gets its files)` */
  text(): string {
    const byStep = Map.groupBy(this.#at, ([, step]) => step);
    return [...byStep].map(([step, who]) => `${who.map(([name]) => name).join(', ')} (${step})`).join('; ');
  }

  /** `who` takes this step. It is not begun once another has failed: that one's failure is thrown instead. */
  async take<T>(who: string, step: string, work: () => Promise<T>): Promise<T> {
    if (this.#failure) throw this.#failure.error;
    this.#at.set(who, step);
    try {
      return await work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    } finally {
      this.#at.delete(who);
    }
  }

  /** Waits for all, also when some fail: nothing goes on behind an undo. Throws the first failure. */
  async end(all: Promise<unknown>[]): Promise<void> {
    await Promise.allSettled(all);
    clearInterval(this.#timer);
    if (this.#failure) throw this.#failure.error;
  }
}

/** So many at once; the others wait for their turn. */
export function inTurns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((next) => waiting.push(next));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
