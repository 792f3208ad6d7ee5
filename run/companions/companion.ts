import type { Act } from '../../platforms/platform.ts';
import type { NewEvent, Recorder } from '../../recording/recorder.ts';
import type { Stage } from '../plan.ts';

/** What a companion gets from its run. It can record events itself at any time. */
export interface CompanionRun {
  stage: Stage;
  recorder: Recorder;
  /** Performs an act on the cluster, its undo in the journal before: for a load that the cluster sends itself. */
  act(does: Act, undo: Act | undefined): Promise<{ undo(): Promise<void> }>;
  /** Aborts when the run ends before its time: then comes the healing, and what disturbs it is stopped at once. */
  aborted: AbortSignal;
}

/**
 * What runs in parallel to the phases of a run until everything is measured: the prober, the watch, the sampler, the load. A companion
 * measures, asks what users ask, and records.
 */
export interface Companion {
  /** When it starts: before anything is deployed, once the workload is there, with the steady state, or once that was seen. */
  readonly from: 'before deploy' | 'deployed' | 'steady' | 'fault';
  /** Resolves when it is running. If it rejects, the run ends. */
  start(run: CompanionRun): Promise<Running>;
}

export interface Running {
  /** Stops it; resolves with its report for the recording, or with nothing if it has already recorded everything. */
  stop(): Promise<NewEvent | undefined>;
}

/** The companions of one run. */
export class Companions {
  readonly #all: Companion[];
  readonly #run: CompanionRun;
  #running: (Running & Pick<Companion, 'from'>)[] = [];

  constructor(all: Companion[], run: CompanionRun) {
    this.#all = all;
    this.#run = run;
  }

  async start(from: Companion['from']): Promise<void> {
    for (const companion of this.#all) {
      if (companion.from !== from) continue;
      const running = await companion.start(this.#run);
      this.#running.push({ from, stop: () => running.stop() });
    }
  }

  /**
   * Stops them, the last one first: the probes see the end of the load. Records their reports. Calling it twice is harmless. When some
   * cannot be stopped the others are, and then it throws what the first one threw. `only`: those that started then.
   */
  async stop(only?: Companion['from']): Promise<void> {
    const failures: unknown[] = [];
    const stopping = this.#running.filter(({ from }) => only === undefined || from === only);
    this.#running = this.#running.filter((one) => !stopping.includes(one));
    for (const one of stopping.reverse()) {
      try {
        const report = await one.stop();
        if (report) this.#run.recorder.record(report);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
