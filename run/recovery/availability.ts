import type { ProberTick } from '../../probes/prober/plan.ts';
import type { StopCondition } from '../../scenarios/scenario.ts';

/** A window is good if at least this share of its probes is ok (as for steady state and stability in docs/measurement.md). */
const GOOD = 0.999;
/** Ticks come every second; a starved prober must not block the run forever. */
const LONGEST_WAIT = 5000;
/** Trouble is told when it has been there for so many seconds: things start up. */
const TROUBLE = 3;
const MOST_REASONS = 3;
const MOST_TOLD = 6;

/**
 * Current availability of the service, from the prober's ticks. It controls the run (is it steady, must it stop); findings are
 * derived from the samples only.
 */
export class Availability {
  readonly #streams: string[];
  readonly #conditions: StopCondition[];
  readonly #onStop: (condition: StopCondition) => void;
  /** The last ones, as many as a window needs. */
  #ticks: ProberTick[] = [];
  /** How many there were in all. */
  #seconds = 0;
  /** Since when what users get is the faults' doing, in ticks. */
  #harmedSince = 0;
  #longest: number;
  readonly #requests = new Map<string, number>();
  readonly #waiters = new Set<() => void>();
  #ended = false;

  /** @param onStop called at every tick at which a condition is met */
  constructor(streams: string[], conditions: StopCondition[], onStop: (condition: StopCondition) => void) {
    this.#streams = streams;
    this.#conditions = conditions;
    this.#longest = Math.max(1, ...conditions.map(({ window }) => secondsOf(window)));
    this.#onStop = onStop;
  }

  add(tick: ProberTick): void {
    this.#seconds += 1;
    this.#ticks = [...this.#ticks, tick].slice(-this.#longest);
    for (const [name, counts] of Object.entries(tick.streams))
      this.#requests.set(name, (this.#requests.get(name) ?? 0) + sumOf(counts));
    for (const condition of this.#conditions) if (this.#isMet(condition)) this.#onStop(condition);
    this.#wake();
  }

  /** From now on what users get is the faults' doing: whatever was wrong before, while things started up, stops no run. */
  harmed(): void {
    this.#harmedSince = this.#seconds;
  }

  /** How many requests of these streams were decided so far. */
  requests(streams: { name: string }[]): number {
    return streams.reduce((sum, { name }) => sum + (this.#requests.get(name) ?? 0), 0);
  }

  /** There will be no more ticks: ends all waits. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * Resolves with true once every stream has been good for `window` ms from now on; with false on timeout or abort. `tell` hears what
   * is in the way, once it has been there for some seconds, and what else comes, each once.
   */
  async goodFor(
    window: number,
    timeout: number,
    signal: AbortSignal,
    tell: (trouble: string) => void = () => {},
  ): Promise<boolean> {
    const first = this.#seconds;
    const told = new Set<string>();
    this.#longest = Math.max(this.#longest, secondsOf(window), TROUBLE);
    const deadline = performance.now() + timeout;
    while (!signal.aborted && !this.#ended && performance.now() < deadline) {
      if (this.#seconds - first >= secondsOf(window) && this.#isGood(window)) return true;
      const trouble = this.#seconds - first >= TROUBLE ? this.#trouble() : '';
      if (trouble !== '' && !told.has(trouble) && told.size < MOST_TOLD) tell(trouble);
      told.add(trouble);
      await this.#nextTick(signal);
    }
    return false;
  }

  /**
   * Resolves with true once nobody tells any more what users get: the prober has ended, or has said nothing for `waits` times five seconds; with
   * false on abort.
   */
  async silent(waits: number, signal: AbortSignal): Promise<boolean> {
    for (let inVain = 0; inVain < waits && !this.#ended && !signal.aborted; ) {
      const before = this.#seconds;
      await this.#nextTick(signal);
      inVain = this.#seconds === before ? inVain + 1 : 0;
    }
    return !signal.aborted;
  }

  /** The share of ok over the last `window` ms, by stream, for messages. */
  describe(window: number): string {
    return this.#streams
      .map((name) => {
        const share = this.#share(name, window);
        const why = this.#reasons(name, window).map(([reason, count]) => `${count} × ${reason}`);
        const because = why.length === 0 ? '' : ` (${why.join(', ')})`;
        return `${name} ${share === undefined ? 'not measured yet' : `${(share * 100).toFixed(2)} % ok`}${because}`;
      })
      .join(', ');
  }

  /** Share of ok over the last `window` ms of one stream, with all that came before `since` (in ticks) as ok; undefined until the window is full. */
  #share(stream: string, window: number, since = 0): number | undefined {
    const seconds = secondsOf(window);
    if (this.#ticks.length < seconds) return undefined;
    let ok = 0;
    let all = 0;
    for (const [index, tick] of this.#ticks.slice(-seconds).entries()) {
      const counts = tick.streams[stream];
      if (!counts) continue;
      const isBefore = this.#seconds - seconds + index < since;
      ok += isBefore ? sumOf(counts) : counts.ok;
      all += sumOf(counts);
    }
    return all === 0 ? undefined : ok / all;
  }

  /** What was not ok in the last `window` ms of one stream, the most frequent first. */
  #reasons(stream: string, window: number): [reason: string, count: number][] {
    const counts = new Map<string, number>();
    for (const tick of this.#ticks.slice(-secondsOf(window))) {
      for (const [reason, count] of Object.entries(tick.streams[stream]?.reasons ?? {})) {
        counts.set(reason, (counts.get(reason) ?? 0) + count);
      }
    }
    return [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_REASONS);
  }

  /** What is in the way of each stream, without numbers, which change at every tick. */
  #trouble(): string {
    return this.#streams
      .flatMap((name) => {
        const [most] = this.#reasons(name, TROUBLE * 1000);
        return most ? [`${name}: ${most[0]}`] : [];
      })
      .join(', ');
  }

  #isGood(window: number): boolean {
    return this.#streams.every((name) => (this.#share(name, window) ?? 0) >= GOOD);
  }

  #isMet({ stream, window, below }: StopCondition): boolean {
    const share = this.#share(stream, window, this.#harmedSince);
    return share !== undefined && share < below;
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  #nextTick(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#waiters.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, LONGEST_WAIT);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiters.add(finish);
    });
  }
}

function secondsOf(window: number): number {
  return Math.max(1, Math.ceil(window / 1000));
}

function sumOf({ ok, fail, indeterminate }: ProberTick['streams'][string]): number {
  return ok + fail + indeterminate;
}
