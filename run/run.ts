/** The phases of a run: preflight → deploy → steady → inject → confirm → hold → heal → recover → verify → clean up. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { maskAll } from '../output/secrets.ts';
import type { Act } from '../platforms/platform.ts';
import type { ProberTick } from '../probes/prober/plan.ts';
import { type RunFolder, runFolder, runsDir } from '../recording/folder.ts';
import { writeJson } from '../recording/json.ts';
import { countWrites, writesOf } from '../recording/load-writes.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { Phase } from '../recording/recording.ts';
import { isOverload, type StopCondition } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';
import { sleep } from '../units/sleep.ts';
import { begin, Refusal } from './begin.ts';
import { certificates } from './companions/certificates.ts';
import { Companions } from './companions/companion.ts';
import { loadOf } from './companions/load.ts';
import { prober } from './companions/prober.ts';
import { sampler } from './companions/sampler.ts';
import { vantages } from './companions/vantages.ts';
import { watch } from './companions/watch.ts';
import { aimAll, membersHit } from './injection/aim.ts';
import { act, confirmAll, healAll, holdAll, injectAll, type LiveFault, unseenOf } from './injection/inject.ts';
import type { Journal } from './journal/journal.ts';
import { takeBack } from './journal/take-back.ts';
import { undoPending } from './journal/undo.ts';
import { takeLock } from './lock.ts';
import type { Stage } from './plan.ts';
import { preflight } from './preflight/preflight.ts';
import type { OnProgress, RunProgress } from './progress.ts';
import { Availability } from './recovery/availability.ts';
import { waitForRecovery } from './recovery/recover.ts';
import type { Snapshot } from './snapshot.ts';
import { verifyWrites } from './verify.ts';

export interface RunOptions {
  /** Aborts the run: the fault is healed and everything cleaned up, then the run ends. */
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Wraps each phase, for test runners that show steps. */
  step<T>(phase: Phase, body: () => Promise<T>): Promise<T>;
}

export interface RunResult {
  folder: RunFolder;
  /** What could not be undone, or was not seen to be, one line each. */
  notUndone: string[];
  /** Why the run ended early; undefined if it completed. */
  failure: Error | undefined;
}

/** How long members may take to become ready, and then to answer well on every stream. */
const DEPLOY_TIMEOUT = 180_000;
const ANSWER_TIMEOUT = 90_000;
/** So many times five seconds without a word of the prober end a fault: on a machine that is busy for a moment it comes late. */
const SILENT_WAITS = 6;
/** A load ends by itself, ms after it was begun: an engine may take a while until it sends, and its last requests have their time. One that does not is ended. */
const OVERLOAD_MARGIN = 10_000;

export async function run(stage: Stage, options: RunOptions): Promise<RunResult> {
  const { platform, scenario } = stage;
  const folder = runFolder(path.join(runsDir(), stage.run));
  const { recorder, journal } = await begin(folder, stage, options.onProgress);
  options.onProgress({
    kind: 'run',
    run: stage.run,
    title: scenario.title,
    cluster: stage.cluster.name,
    dir: folder.dir,
  });
  const lifecycle = new Lifecycle(stage, options, recorder, journal);
  try {
    return await lifecycle.run();
  } finally {
    journal.close();
    recorder.close();
    await platform.close();
  }
}

class Lifecycle {
  readonly #stage: Stage;
  readonly #options: RunOptions;
  readonly #recorder: Recorder;
  readonly #journal: Journal;
  readonly #stopped = new AbortController();
  /** Aborts when the lock of the cluster is not this run's any more. */
  readonly #lost = new AbortController();
  /** Ends the run itself: the user's signal, a recording that cannot be written, or a lost lock. */
  readonly #aborted: AbortSignal;
  /** Ends the undisturbed course: the user's signal, a stop condition, or a prober that tells nothing any more. */
  readonly #ending: AbortSignal;
  #faults: LiveFault[] = [];
  /** True from the first act of a fault on: stop conditions apply from then, also during injection. */
  #harming = false;
  /** The earliest moment at which the first fault can have taken effect, as in the analysis. */
  #injected = 0;
  readonly #availability: Availability;
  readonly #companions: Companions;
  /** How many writes of the load were acknowledged. */
  #writtenByLoad = 0;
  /** Aborts when the load sends nothing any more. */
  readonly #loadEnded = new AbortController();
  readonly #healing = new AbortController();
  #endRenewal = () => {};

  constructor(stage: Stage, options: RunOptions, recorder: Recorder, journal: Journal) {
    this.#stage = stage;
    this.#options = options;
    this.#recorder = recorder;
    this.#journal = journal;
    this.#aborted = AbortSignal.any([options.signal, recorder.broken, this.#lost.signal]);
    this.#ending = AbortSignal.any([this.#aborted, this.#stopped.signal]);
    const streams = stage.streams.map(({ name }) => name);
    this.#availability = new Availability(streams, stage.scenario.stop, (condition) => this.#stop(condition));
    const tick = (tick: ProberTick) => {
      options.onProgress({ kind: 'tick', tick });
      this.#availability.add(tick);
    };
    const probing = prober({ tick, ended: () => this.#availability.end() });
    const sending = loadOf(stage.scenario, {
      ended: (report) => {
        const writes = writesOf(report);
        if (writes) this.#writtenByLoad = countWrites(writes);
        this.#loadEnded.abort();
      },
    });
    const companions = [watch, probing, vantages, sampler, certificates, sending];
    const acting = (does: Act, undo: Act | undefined) => act(does, undo, this.#acting);
    this.#companions = new Companions(companions, { stage, recorder, act: acting, aborted: this.#aborted });
  }

  async run(): Promise<RunResult> {
    let before: Snapshot | undefined;
    let failure: Error | undefined;
    try {
      before = await this.#phase('preflight', () => this.#preflight());
      await this.#phase('deploy', () => this.#deploy());
      await this.#phase('steady', () => this.#steady());
      await this.#phase('inject', () => this.#inject());
      await this.#phase('confirm', () =>
        confirmAll(this.#faults, this.#recorder, { aborted: this.#aborted, stopped: this.#stopped.signal }),
      );
      await this.#phase('hold', () => this.#hold());
      await this.#phase('heal', () => this.#heal());
      await this.#phase('recover', () => this.#recover());
      await this.#phase('verify', () => this.#verify());
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    if (before === undefined && failure instanceof OperatorError) return this.#refuse(failure);
    const notUndone = await this.#phase('clean up', () => this.#cleanUp(before));
    return { folder: this.#recorder.folder, notUndone, failure };
  }

  async #phase<T>(phase: Phase, body: () => Promise<T>): Promise<T> {
    const goesOn = () => phase !== 'clean up' && this.#aborted.throwIfAborted();
    goesOn();
    return this.#options.step(phase, async () => {
      this.#recorder.record({ kind: 'phase', phase, state: 'begin' });
      try {
        const result = await body();
        goesOn();
        this.#recorder.record({ kind: 'phase', phase, state: 'end' });
        return result;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#recorder.record({ kind: 'phase', phase, state: 'failed', message });
        throw error;
      }
    });
  }

  get #acting() {
    return { journal: this.#journal, actor: this.#stage.actor, recorder: this.#recorder };
  }

  async #preflight(): Promise<Snapshot> {
    const stage = this.#stage;
    const snapshot = stage.platform.snapshot();
    // The checks say more of what keeps it from being taken.
    snapshot.catch(() => undefined);
    const { checks } = await preflight(stage);
    const refused = checks.filter((check) => !check.ok);
    if (refused.length > 0) {
      throw new OperatorError(refused.map((check) => `${check.what}: ${check.observed}`).join('; '), {
        hint: refused[0]!.hint,
      });
    }
    const before = await snapshot;
    writeJson(this.#recorder.folder.before, maskAll(before));
    this.#recorder.record({ kind: 'inspection', inspection: stage.inspection, when: 'before' });
    this.#endRenewal = await takeLock(stage, this.#journal, (why) => this.#lost.abort(why));
    return before;
  }

  async #deploy(): Promise<void> {
    const { deployment, namespace, platform, run, scenario } = this.#stage;
    await this.#companions.start('before deploy');
    const args = { namespace, manifest: deployment.manifest, labels: { 'brownout.run': run } };
    const tell = (waitingFor: string) => this.#note(`waiting for ${waitingFor}`);
    await act({ verb: 'deploy', args }, { verb: 'remove', args: { namespace } }, { ...this.#acting, tell });
    this.#countdown('deploy', DEPLOY_TIMEOUT, true);
    let waitedFor = '';
    const wait = (missing: string[]) => {
      if (missing.join('; ') === waitedFor) return;
      waitedFor = missing.join('; ');
      if (waitedFor !== '') tell(waitedFor);
    };
    await platform.untilReady({ namespace, services: deployment.services }, DEPLOY_TIMEOUT, this.#aborted, wait);
    // With the workload in place the services' own timers can be read too.
    this.#recorder.record({ kind: 'inspection', inspection: await platform.inspect(), when: 'before' });
    await this.#companions.start('deployed');
    const trouble = (text: string) => this.#note(`users would not be served yet: ${text}`);
    if (!(await this.#availability.goodFor(3000, ANSWER_TIMEOUT, this.#ending, trouble))) {
      this.#aborted.throwIfAborted();
      throw new OperatorError(
        `${scenario.workload} is deployed, but its entries do not answer well within ${ANSWER_TIMEOUT / 1000} s: ${this.#availability.describe(3000)}.`,
        { hint: `Are the \`entry\` addresses in ${this.#stage.cluster.file} right?` },
      );
    }
  }

  async #steady(): Promise<void> {
    const { steady } = this.#stage.scenario;
    await this.#companions.start('steady');
    const patience = steady * 2 + 60_000;
    this.#countdown('steady', steady, false);
    const trouble = (text: string) => this.#note(`not steady: ${text}`);
    if (await this.#availability.goodFor(steady, patience, this.#ending, trouble)) return;
    this.#aborted.throwIfAborted();
    throw new OperatorError(
      `steady state never seen: within ${Math.round(patience / 1000)} s there were no ${steady / 1000} s with 99.9 % ok on every stream (last: ${this.#availability.describe(steady)}).`,
      { hint: 'The service is not healthy without a fault; nothing was injected.' },
    );
  }

  async #inject(): Promise<void> {
    const { namespace, platform, scenario } = this.#stage;
    const [inspection, members] = await Promise.all([platform.inspect(), platform.members(namespace)]);
    const world = this.#stage.world(inspection, members);
    const aimed = aimAll(scenario, world);
    for (const { use, targets, meaning } of aimed) {
      const services = membersHit(targets, members);
      this.#recorder.record({ kind: 'targets', fault: use.fault, targets, meaning, services });
    }
    this.#harming = true;
    this.#availability.harmed();
    void this.#stopWhenBlind();
    this.#faults = await injectAll(aimed, world, this.#acting, { signal: this.#ending });
    this.#injected = Math.min(this.#recorder.clock.now(), ...this.#faults.map(({ injected }) => injected.from));
    await this.#companions.start('fault');
  }

  async #hold(): Promise<void> {
    const announce = (longest: number) => this.#countdown('hold', longest, false);
    const { scenario, load } = this.#stage;
    if (!isOverload(scenario)) return holdAll(this.#faults, this.#recorder, this.#ending, announce);
    const lasts = load!.limit + load!.timeout + OVERLOAD_MARGIN;
    announce(lasts);
    await sleep(lasts, AbortSignal.any([this.#ending, this.#loadEnded.signal]));
  }

  async #heal(): Promise<void> {
    this.#healing.abort();
    await this.#companions.stop('fault');
    await healAll(this.#faults, this.#recorder);
  }

  #stop(condition: StopCondition): void {
    if (this.#stopped.signal.aborted || !this.#harming) return;
    this.#recorder.record({
      kind: 'stop',
      condition: condition.text,
      text: this.#availability.describe(condition.window),
    });
    this.#stopped.abort();
  }

  /** Nothing is learnt from a fault that nobody watches, and no stop condition can end it. */
  async #stopWhenBlind(): Promise<void> {
    const signal = AbortSignal.any([this.#ending, this.#healing.signal]);
    if (!(await this.#availability.silent(SILENT_WAITS, signal))) return;
    this.#warn('the prober tells nothing any more: the fault is healed at once');
    this.#stopped.abort();
  }

  async #recover(): Promise<void> {
    this.#countdown('recover', this.#stage.scenario.horizon, true);
    await waitForRecovery(this.#stage, this.#recorder, this.#injected, this.#aborted);
  }

  async #verify(): Promise<void> {
    await this.#companions.stop();
    // From each vantage as many: all of them are in the queue that is waited for.
    const places = 1 + Object.keys(this.#stage.cluster.vantages ?? {}).length;
    const written = places * this.#availability.requests(this.#stage.streams.filter(({ writes }) => writes));
    await verifyWrites(this.#stage, this.#recorder, written + this.#writtenByLoad, this.#aborted);
    this.#recorder.record({ kind: 'inspection', inspection: await this.#stage.platform.inspect(), when: 'after' });
  }

  async #cleanUp(before: Snapshot | undefined): Promise<string[]> {
    this.#healing.abort();
    // Faults first: the journal has their undo as well, but healing a fault also confirms that it is gone.
    await healAll(this.#faults, this.#recorder).catch((error: Error) => this.#warn(error.message));
    await this.#companions.stop().catch((error: Error) => this.#warn(error.message));
    this.#endRenewal();
    const context = { recorder: this.#recorder, journal: this.#journal, onProgress: this.#options.onProgress };
    return takeBack(this.#stage, context, before, () => unseenOf(this.#faults));
  }

  /** Nothing was changed, so the recording is deleted, unless its journal is still needed to release a lock. */
  async #refuse(failure: OperatorError): Promise<never> {
    this.#endRenewal();
    await undoPending(this.#journal, this.#stage.actor, this.#stage.platform, () => undefined);
    if (this.#journal.pending().length === 0) rmSync(this.#recorder.folder.dir, { recursive: true });
    throw new Refusal(failure.message, { hint: failure.hint, cause: failure });
  }

  #countdown(phase: Phase, ms: number, atMost: boolean): void {
    this.#options.onProgress({ kind: 'countdown', phase, ms, atMost } satisfies RunProgress);
  }

  /** For whoever watches; the recording has it in its samples and in the platform's events. */
  #note(text: string): void {
    this.#options.onProgress({ kind: 'note', text });
  }

  #warn(text: string): void {
    this.#recorder.record({ kind: 'warning', text });
  }
}
