import type { ProberReport, ProberTick } from '../probes/prober/plan.ts';
import { type Prober, startProber } from '../probes/prober/prober.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { StopCondition } from '../scenarios/scenario.ts';
import type { Stage } from './plan.ts';
import type { Tell } from './progress.ts';

/** A window is good when at least this share of its probes is ok (measurement: steady state, stable recovery). */
const GOOD = 0.999;

/**
 * The prober and the platform's own events, running beside the phases. Ticks steer the run (when is it steady, when has it
 * recovered, must it stop); the findings come from the samples alone.
 */
export class Measurement {
  readonly #stage: Stage;
  readonly #recorder: Recorder;
  readonly #tell: Tell;
  readonly #onStop: (condition: StopCondition) => void;
  readonly #ticks: ProberTick[] = [];
  readonly #watching = new AbortController();
  readonly #watch: Promise<void>;
  readonly #waiters = new Set<() => void>();
  #prober: Prober | undefined;
  #ended: { report: ProberReport | null; error?: string } | undefined;

  /** Begins to watch the platform; users' requests are probed once `probe` is called. */
  constructor(stage: Stage, recorder: Recorder, tell: Tell, onStop: (condition: StopCondition) => void) {
    this.#stage = stage;
    this.#recorder = recorder;
    this.#tell = tell;
    this.#onStop = onStop;
    this.#watch = this.#follow();
  }

  async probe(): Promise<void> {
    const { streams, probeFiles: kinds, seed } = this.#stage;
    const { folder, clock } = this.#recorder;
    const plan = { out: folder.samples, origin: clock.origin.monotonic, streams, kinds, seed };
    this.#prober = await startProber(plan, { onTick: (tick) => this.#tick(tick) });
    // A prober that dies early must wake whoever waits for ticks that will not come.
    this.#prober.report.then(
      (report) => this.#end({ report }),
      (error: Error) => this.#end({ report: null, error: error.message }),
    );
  }

  /** Share of ok over the last `window` ms of one stream; undefined until the window is full. */
  availability(stream: string, window: number): number | undefined {
    const seconds = Math.max(1, Math.ceil(window / 1000));
    if (this.#ticks.length < seconds) return undefined;
    let ok = 0;
    let all = 0;
    for (const tick of this.#ticks.slice(-seconds)) {
      const counts = tick.streams[stream];
      if (!counts) continue;
      ok += counts.ok;
      all += counts.ok + counts.fail + counts.indeterminate;
    }
    return all === 0 ? undefined : ok / all;
  }

  /** True when every stream was good over the last `window` ms. */
  isGood(window: number): boolean {
    return this.#stage.streams.every(({ name }) => (this.availability(name, window) ?? 0) >= GOOD);
  }

  /** Resolves with true once every stream was good for `window` ms from now on; false at the deadline or on abort. */
  async goodFor(window: number, timeout: number, signal: AbortSignal): Promise<boolean> {
    const first = this.#ticks.length;
    const deadline = this.#recorder.clock.now() + timeout;
    while (!signal.aborted && !this.#ended && this.#recorder.clock.now() < deadline) {
      if (this.#ticks.length - first >= Math.ceil(window / 1000) && this.isGood(window)) return true;
      await this.#nextTick(signal);
    }
    return false;
  }

  /** The share of ok over the last `window` ms, by stream, for messages. */
  describe(window: number): string {
    return this.#stage.streams
      .map(({ name }) => {
        const share = this.availability(name, window);
        return `${name} ${share === undefined ? 'not measured yet' : `${(share * 100).toFixed(2)} % ok`}`;
      })
      .join(', ');
  }

  /** Ends the prober and the watch; the prober's report, or why there is none, is in the recording. Harmless twice. */
  async stop(): Promise<void> {
    if (this.#watching.signal.aborted) return;
    this.#watching.abort();
    await this.#watch;
    if (!this.#prober) return;
    // Its failure is told by `report`, like that of a prober that died before.
    await this.#prober.stop().catch(() => undefined);
    await this.#prober.report.catch(() => undefined);
    this.#recorder.record({ kind: 'prober', ...(this.#ended ?? { report: null, error: 'it told nothing' }) });
  }

  async #follow(): Promise<void> {
    const { platform, namespace } = this.#stage;
    for await (const event of platform.watch(namespace, this.#watching.signal)) {
      this.#recorder.record({ kind: 'platform', event });
    }
  }

  #tick(tick: ProberTick): void {
    this.#ticks.push(tick);
    this.#tell({ kind: 'tick', tick });
    for (const condition of this.#stage.scenario.stop) if (this.#isMet(condition)) this.#onStop(condition);
    this.#wake();
  }

  #end(ended: { report: ProberReport | null; error?: string }): void {
    this.#ended ??= ended;
    this.#wake();
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
      // Ticks come each second; a starved prober must not hold the run for ever.
      const timer = setTimeout(finish, 5000);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiters.add(finish);
    });
  }

  #isMet(condition: StopCondition): boolean {
    const share = this.availability(condition.stream, condition.window);
    return share !== undefined && share < condition.below;
  }
}
