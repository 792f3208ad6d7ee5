import type { Recorder } from '../recording/recorder.ts';
import type { Journal } from './journal.ts';
import type { Stage } from './plan.ts';
import type { Tell } from './progress.ts';
import { type Snapshot, settledDifferences } from './snapshot.ts';
import { describeAct, undoPending } from './undo.ts';

/** What is on its way out may take so long until the cluster is compared with its state before, ms. */
const SETTLE_TIMEOUT = 45_000;

/**
 * Takes back all that the journal holds, and records what is not as it was before.
 *
 * @returns what could not be undone, a line each
 */
export async function takeBack(
  { actor, platform }: Stage,
  { recorder, journal, tell }: { recorder: Recorder; journal: Journal; tell: Tell },
  before: Snapshot | undefined,
): Promise<string[]> {
  const steps = await undoPending(journal, actor, platform, ({ act, error }) => {
    const what = describeAct(act);
    tell({ kind: 'note', text: error === undefined ? `undone: ${what}` : `not undone: ${what}: ${error}` });
  });
  const notUndone = steps
    .filter((step) => step.error !== undefined)
    .map((step) => `${describeAct(step.act)}: ${step.error}`);
  if (before) {
    const left = await settledDifferences(platform, before, SETTLE_TIMEOUT);
    recorder.record({ kind: 'difference', left: [...notUndone, ...left] });
  }
  return notUndone;
}
