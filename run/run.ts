/** The life of a run: preflight → deploy → steady → inject → confirm → hold → heal → recover → verify → clean up. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { notYetStable } from '../analysis/streams/stable.ts';
import { thisOwner } from '../platforms/owner.ts';
import { readSamples } from '../probes/samples.ts';
import { sleep, startClock } from '../recording/clock.ts';
import { type RunFolder, runFolder, runsDir } from '../recording/folder.ts';
import { Recorder } from '../recording/recorder.ts';
import type { Phase } from '../recording/recording.ts';
import type { StopCondition } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';
import { aimAll, membersHit } from './aim.ts';
import { act, confirmAll, heal, healAll, injectAll, type LiveFault } from './inject.ts';
import { Journal } from './journal.ts';
import { Measurement } from './measure.ts';
import type { Stage } from './plan.ts';
import { otherHolder, preflight } from './preflight.ts';
import type { Progress, Tell } from './progress.ts';
import { type Snapshot, settledDifferences } from './snapshot.ts';
import { suiteVersion } from './suite.ts';
import { describeAct, undoPending } from './undo.ts';
import { verifyWrites } from './verify.ts';

export interface RunOptions {
  /** Aborts the run: the fault is healed and everything cleaned up, then the run ends. */
  signal: AbortSignal;
  tell: Tell;
  /** Wraps each phase, for runners that show steps. */
  step<T>(phase: Phase, body: () => Promise<T>): Promise<T>;
}

export interface RunResult {
  folder: RunFolder;
  /** What could not be undone, with the command that undoes it. */
  notUndone: string[];
  /** Why the run ended early; undefined when it went its whole way. */
  failure: Error | undefined;
}

/** The run was refused before anything was changed. */
export class Refusal extends OperatorError {}

/** How long members may take to come up, and then to answer every stream. */
const DEPLOY_TIMEOUT = 180_000;
const ANSWER_TIMEOUT = 90_000;
/** How often the recording is looked at while recovery is waited for. */
const RECOVERY_LOOK = 1_000;
/** Watched at least after healing: a stable window, and the time until it is whole in the samples. */
const HEALED_WINDOW = 12_500;
const LOCK_RENEWAL = 20_000;
const SETTLE_TIMEOUT = 45_000;

export async function run(stage: Stage, options: RunOptions): Promise<RunResult> {
  const { platform, scenario } = stage;
  const clock = startClock();
  const folder = runFolder(path.join(runsDir(), stage.run));
  const recorder = new Recorder(folder, clock, (event) => options.tell({ kind: 'event', event }));
  recorder.meta({
    version: 1,
    id: stage.run,
    origin: clock.origin,
    suite: suiteVersion(),
    seed: stage.seed,
    scenario,
    cluster: { name: stage.cluster.name, file: stage.cluster.file, platform: stage.cluster.platform },
    namespace: stage.namespace,
    services: stage.deployment.services,
    streams: stage.streams,
  });
  const journal = Journal.create(folder.journal, stage.run, stage.cluster);
  options.tell({ kind: 'run', run: stage.run, title: scenario.title, cluster: stage.cluster.name, dir: folder.dir });
  const life = new Life(stage, options, recorder, journal);
  try {
    return await life.live();
  } finally {
    journal.close();
    recorder.close();
    await platform.close();
  }
}

class Life {
  readonly #stage: Stage;
  readonly #options: RunOptions;
  readonly #recorder: Recorder;
  readonly #journal: Journal;
  readonly #stopped = new AbortController();
  /** Ends the undisturbed course: the user's signal, or a stop condition. */
  readonly #course: AbortSignal;
  #faults: LiveFault[] = [];
  /** From the first act of a fault on users may suffer: stop conditions count, also while it is still being injected. */
  #harming = false;
  /** When the first fault can have taken effect at the earliest, as the analysis has it. */
  #injected = 0;
  #measurement: Measurement | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(stage: Stage, options: RunOptions, recorder: Recorder, journal: Journal) {
    this.#stage = stage;
    this.#options = options;
    this.#recorder = recorder;
    this.#journal = journal;
    this.#course = AbortSignal.any([options.signal, this.#stopped.signal]);
  }

  async live(): Promise<RunResult> {
    let before: Snapshot | undefined;
    let failure: Error | undefined;
    try {
      before = await this.#phase('preflight', () => this.#preflight());
      await this.#phase('deploy', () => this.#deploy());
      await this.#phase('steady', () => this.#steady());
      await this.#phase('inject', () => this.#inject());
      await this.#phase('confirm', () => confirmAll(this.#faults, this.#recorder));
      await this.#phase('hold', () => this.#hold());
      await this.#phase('heal', () => healAll(this.#faults, this.#recorder));
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
    if (phase !== 'clean up') this.#options.signal.throwIfAborted();
    return this.#options.step(phase, async () => {
      this.#recorder.record({ kind: 'phase', phase, state: 'begin' });
      try {
        const result = await body();
        if (phase !== 'clean up') this.#options.signal.throwIfAborted();
        this.#recorder.record({ kind: 'phase', phase, state: 'end' });
        return result;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#recorder.record({ kind: 'phase', phase, state: 'failed', message });
        throw error;
      }
    });
  }

  #act(
    verb: string,
    args: Record<string, string | Record<string, string>>,
    undo?: { verb: string; args: Record<string, string> },
  ) {
    const context = { journal: this.#journal, actor: this.#stage.actor, recorder: this.#recorder };
    return act({ verb, args }, undo, context);
  }

  async #preflight(): Promise<Snapshot> {
    const stage = this.#stage;
    const { checks } = await preflight(stage);
    const refused = checks.filter((check) => !check.ok);
    if (refused.length > 0) {
      throw new OperatorError(refused.map((check) => `${check.what}: ${check.observed}`).join('; '), {
        hint: refused[0]!.hint,
      });
    }
    const before = await stage.platform.snapshot();
    writeFileSync(this.#recorder.folder.before, `${JSON.stringify(before, null, 2)}\n`);
    this.#recorder.record({ kind: 'inspection', inspection: stage.inspection, when: 'before' });
    await this.#lock();
    return before;
  }

  /** One run a cluster: the lock is renewed while the run lives, and expires by itself when it dies. */
  async #lock(): Promise<void> {
    const { actor, run } = this.#stage;
    const args = { run, owner: thisOwner() };
    this.#journal.before({ verb: 'lock.take', args }, { verb: 'lock.release', args: { run } });
    const holder = otherHolder(await actor.perform({ verb: 'lock.take', args }));
    if (holder !== undefined) {
      throw new OperatorError(`Somebody else is running on this cluster: ${holder}.`, {
        hint: 'Wait for that run to end; if it is dead: brownout undo --cluster <file>.',
      });
    }
    const renew = () => {
      // A renewal that fails (no leader just now) is made good by the next one: the lock outlives several.
      actor.perform({ verb: 'lock.renew', args }).catch(() => undefined);
    };
    this.#renewal = setInterval(renew, LOCK_RENEWAL);
  }

  async #deploy(): Promise<void> {
    const { deployment, namespace, platform, run, scenario } = this.#stage;
    this.#measurement = new Measurement(this.#stage, this.#recorder, this.#options.tell, (condition) =>
      this.#stop(condition),
    );
    await this.#act(
      'deploy',
      { namespace, manifest: deployment.manifest, labels: { 'brownout.run': run } },
      { verb: 'remove', args: { namespace } },
    );
    this.#countdown('deploy', DEPLOY_TIMEOUT, true);
    await platform.untilReady({ namespace, services: deployment.services }, DEPLOY_TIMEOUT, this.#options.signal);
    // With the workload in place the services' own timers can be read too.
    this.#recorder.record({ kind: 'inspection', inspection: await platform.inspect(), when: 'before' });
    await this.#measurement.probe();
    if (!(await this.#measurement.goodFor(3000, ANSWER_TIMEOUT, this.#course))) {
      this.#options.signal.throwIfAborted();
      throw new OperatorError(
        `${scenario.workload} is deployed, but its entries do not answer well within ${ANSWER_TIMEOUT / 1000} s: ${this.#measurement.describe(3000)}.`,
        { hint: `Are the \`entry\` addresses in ${this.#stage.cluster.file} right?` },
      );
    }
  }

  async #steady(): Promise<void> {
    const { steady } = this.#stage.scenario;
    const patience = steady * 2 + 60_000;
    this.#countdown('steady', steady, false);
    if (await this.#measurement!.goodFor(steady, patience, this.#course)) return;
    throw new OperatorError(
      `steady state never seen: within ${Math.round(patience / 1000)} s there were no ${steady / 1000} s with 99.9 % ok on every stream (last: ${this.#measurement!.describe(steady)}).`,
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
    const context = { journal: this.#journal, actor: this.#stage.actor, recorder: this.#recorder };
    this.#harming = true;
    this.#faults = await injectAll(aimed, world, context);
    this.#injected = Math.min(this.#recorder.clock.now(), ...this.#faults.map(({ injected }) => injected.from));
  }

  /** Each fault is held for its own time from its injection on; a stop condition or the user ends it at once. */
  async #hold(): Promise<void> {
    const now = this.#recorder.clock.now();
    const left = this.#faults.map(({ hold, injected }) => injected.to + hold - now);
    const longest = Math.max(...left);
    this.#countdown('hold', longest, false);
    await Promise.all(
      this.#faults.map(async (fault, index) => {
        await sleep(left[index]!, this.#course);
        if (left[index]! < longest) await heal(fault, this.#recorder);
      }),
    );
  }

  #stop(condition: StopCondition): void {
    if (this.#stopped.signal.aborted || !this.#harming) return;
    this.#recorder.record({
      kind: 'stop',
      condition: condition.text,
      text: this.#measurement!.describe(condition.window),
    });
    this.#stopped.abort();
  }

  /** Waits until every stream is as good as before and the workload is whole; after the horizon the rest is censored. */
  async #recover(): Promise<void> {
    const { deployment, namespace, platform, scenario } = this.#stage;
    const { signal } = this.#options;
    this.#countdown('recover', scenario.horizon, true);
    const whole = platform.untilReady({ namespace, services: deployment.services }, scenario.horizon, signal);
    const [readyAgain, unstable] = await Promise.allSettled([whole, this.#untilStable(scenario.horizon)]);
    if (readyAgain.status === 'rejected') this.#warn(`The workload was not whole again: ${readyAgain.reason.message}`);
    if (unstable.status === 'rejected') throw unstable.reason;
    if (unstable.value.length > 0) this.#warn(`Not as good as before within the horizon: ${unstable.value.join(', ')}`);
  }

  /** Looks at the samples in the very sense in which they will be judged. Resolves with the streams that never were stable. */
  async #untilStable(timeout: number): Promise<string[]> {
    const { signal } = this.#options;
    const { clock, folder } = this.#recorder;
    const healed = clock.now();
    for (;;) {
      await sleep(RECOVERY_LOOK, signal);
      const now = clock.now();
      const { streams } = readSamples(folder.samples);
      const unstable = notYetStable(streams, this.#injected, this.#stage.scenario.steady, now);
      if (signal.aborted || now - healed > timeout) return unstable;
      // What was stable before healing says nothing about healing: it needs a window of its own.
      if (unstable.length === 0 && now - healed >= HEALED_WINDOW) return [];
    }
  }

  async #verify(): Promise<void> {
    await this.#measurement!.stop();
    await verifyWrites(this.#stage, this.#recorder, this.#options.signal);
    this.#recorder.record({ kind: 'inspection', inspection: await this.#stage.platform.inspect(), when: 'after' });
  }

  async #cleanUp(before: Snapshot | undefined): Promise<string[]> {
    // Faults first: the journal holds their undo too, but a fault that heals itself also says whether it is gone.
    await healAll(this.#faults, this.#recorder).catch((error: Error) => this.#warn(error.message));
    await this.#measurement?.stop();
    clearInterval(this.#renewal);
    const steps = await undoPending(
      this.#journal,
      this.#stage.actor,
      this.#stage.platform,
      ({ act: undone, error }) => {
        this.#options.tell({
          kind: 'note',
          text: error === undefined ? `undone: ${describeAct(undone)}` : `not undone: ${describeAct(undone)}: ${error}`,
        });
      },
    );
    const notUndone = steps
      .filter((step) => step.error !== undefined)
      .map((step) => `${describeAct(step.act)}: ${step.error}`);
    if (before) {
      const left = await settledDifferences(this.#stage.platform, before, SETTLE_TIMEOUT);
      this.#recorder.record({ kind: 'difference', left: [...notUndone, ...left] });
    }
    return notUndone;
  }

  /** Refused: nothing was changed, so nothing is worth keeping, except a lock that may have been taken in part. */
  async #refuse(failure: OperatorError): Promise<never> {
    clearInterval(this.#renewal);
    await undoPending(this.#journal, this.#stage.actor, this.#stage.platform, () => undefined);
    if (this.#journal.pending().length === 0) rmSync(this.#recorder.folder.dir, { recursive: true });
    throw new Refusal(failure.message, { hint: failure.hint, cause: failure });
  }

  #countdown(phase: Phase, ms: number, atMost: boolean): void {
    this.#options.tell({ kind: 'countdown', phase, ms, atMost } satisfies Progress);
  }

  #warn(text: string): void {
    this.#recorder.record({ kind: 'warning', text });
  }
}
