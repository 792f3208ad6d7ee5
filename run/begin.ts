import { existsSync, rmSync } from 'node:fs';
import { startClock } from '../recording/clock.ts';
import type { RunFolder } from '../recording/folder.ts';
import { Recorder } from '../recording/recorder.ts';
import { OperatorError } from '../units/operator-error.ts';
import { readInvocation } from './invocation/invocation.ts';
import { Journal } from './journal/journal.ts';
import { metaOf } from './meta.ts';
import type { Stage } from './plan.ts';
import type { OnProgress } from './progress.ts';

/** The run was refused before anything was changed. */
export class Refusal extends OperatorError {}

/** Nothing was changed yet: where nothing can be written down, nothing is begun, and no half of a recording stays. */
export async function begin(
  folder: RunFolder,
  stage: Stage,
  onProgress: OnProgress,
): Promise<{ recorder: Recorder; journal: Journal }> {
  // The journal of another run is never removed, whatever the chance that two have one id.
  const isNew = !existsSync(folder.dir);
  try {
    const clock = startClock();
    const recorder = new Recorder(folder, clock, (event) => onProgress({ kind: 'event', event }));
    recorder.meta(metaOf(stage, clock));
    return { recorder, journal: Journal.create(folder.journal, stage.run, stage.cluster, readInvocation()?.wire) };
  } catch (error) {
    await stage.platform.close();
    if (isNew) rmSync(folder.dir, { recursive: true, force: true });
    throw new Refusal(`the run cannot be recorded in ${folder.dir}: ${(error as Error).message}`, {
      hint: 'Is the disk full, or the folder not yours?',
      cause: error,
    });
  }
}
