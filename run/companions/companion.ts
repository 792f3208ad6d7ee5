import type { NewEvent, Recorder } from '../../recording/recorder.ts';
import type { Stage } from '../plan.ts';

/** What a companion sees of the run that it goes along with. It may also record on its own, as it goes. */
export interface CompanionRun {
  stage: Stage;
  recorder: Recorder;
}

/**
 * What goes on beside the phases of a run, from early on until what users saw has been measured: the prober, the watch; load or a
 * sampler would be others. It measures and records; the run alone acts on the cluster.
 */
export interface Companion {
  /** When it starts: before anything is deployed, or once the workload is there. */
  readonly from: 'before deploy' | 'deployed';
  /** Resolves when it is at work. Rejects when it cannot be; the run then ends. */
  start(run: CompanionRun): Promise<Running>;
}

export interface Running {
  /** Ends it; resolves with its report for the recording, or with nothing when it has recorded all there is. */
  stop(): Promise<NewEvent | undefined>;
}

/** The companions of one run. */
export class Companions {
  readonly #all: Companion[];
  readonly #run: CompanionRun;
  readonly #running: Running[] = [];

  constructor(all: Companion[], run: CompanionRun) {
    this.#all = all;
    this.#run = run;
  }

  async start(from: Companion['from']): Promise<void> {
    for (const companion of this.#all) {
      if (companion.from === from) this.#running.push(await companion.start(this.#run));
    }
  }

  /** Ends them in the order in which they started; their reports are in the recording then. Harmless twice. */
  async stop(): Promise<void> {
    while (this.#running.length > 0) {
      const report = await this.#running.shift()!.stop();
      if (report) this.#run.recorder.record(report);
    }
  }
}
