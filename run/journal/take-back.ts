import type { Platform } from '../../platforms/platform.ts';
import type { Recorder } from '../../recording/recorder.ts';
import { few } from '../../units/words.ts';
import type { Stage } from '../plan.ts';
import type { OnProgress } from '../progress.ts';
import { type Snapshot, settledDifferences } from '../snapshot.ts';
import type { Journal } from './journal.ts';
import { describeAct, undoPending } from './undo.ts';

/** How long things may take to disappear before they are reported as a difference, ms. */
const SETTLE_TIMEOUT = 45_000;

/**
 * Undoes everything that is pending in the journal, and records how the cluster differs from its state before.
 *
 * @param unseen looks which faults were healed and are not seen to be gone
 * @returns what could not be undone, one line each; with it those faults, unless the cluster is as before
 */
export async function takeBack(
  { actor, platform }: Stage,
  { recorder, journal, onProgress }: { recorder: Recorder; journal: Journal; onProgress: OnProgress },
  before: Snapshot | undefined,
  unseen: () => Promise<string[]>,
): Promise<string[]> {
  journal.noMoreActs();
  const steps = await undoPending(journal, actor, platform, ({ act, error }) => {
    const what = describeAct(act);
    onProgress({ kind: 'note', text: error === undefined ? `undone: ${what}` : `not undone: ${what}: ${error}` });
  });
  const notUndone = steps
    .filter((step) => step.error !== undefined)
    .map((step) => `${describeAct(step.act)}: ${step.error}`);
  for (const text of notUndone) recorder.record({ kind: 'warning', text: `not undone: ${text}` });
  if (!before) return notUndone;
  const difference = await compared(platform, before);
  recorder.record({ kind: 'difference', ...difference });
  if (difference.left?.length === 0) return notUndone;
  return [...notUndone, ...(await unseen()).map((fault) => sayUnseen(fault, difference))];
}

type Compared = { left: string[] } | { left: null; error: string };

function sayUnseen(fault: string, difference: Compared): string {
  const because = difference.left === null ? difference.error : few(difference.left, { joint: '; ' });
  return `${fault} was healed, but was not seen to be gone (${because})`;
}

async function compared(platform: Platform, before: Snapshot): Promise<Compared> {
  try {
    return { left: await settledDifferences(platform, before, SETTLE_TIMEOUT) };
  } catch (error) {
    return { left: null, error: (error as Error).message };
  }
}
