/** Runs whose process is gone before they had cleaned up: killed under the command, or by a second Ctrl-C. */
import path from 'node:path';
import { joined, type Styled, stderr, styled } from '../../output/terminal.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { ownerState } from '../../platforms/owner.ts';
import type { Act } from '../../platforms/platform.ts';
import { isThere, type RunFolder, runFolder, UnreadableRuns } from '../../recording/folder.ts';
import { readJournal } from '../../run/journal/journal.ts';
import type { UndoStep } from '../../run/journal/undo.ts';
import { pendingIn } from '../../run/judge.ts';
import { poll } from '../../units/until.ts';
import { exit } from '../exit.ts';
import { tellHint } from '../tell.ts';
import { undoRun } from './apart.ts';
import { abandonedRuns, headerOf, isElsewhere } from './pending.ts';
import { describeStep } from './undo.ts';

/** A process that was killed is gone after so long at the latest, ms, unless its disk hangs. */
const KILLED_WITHIN = 5_000;

/** The runs of one command. */
export interface OwnRuns {
  /** As its journals name it. */
  invocation: string;
  /** Folders of those that ended in order, with a verdict. */
  ended: ReadonlySet<string>;
}

/**
 * Undoes what this command's runs have left whose process is gone: nobody else knows of it now. Those of other commands in this project, of another machine,
 * or of another container with this folder, are theirs.
 *
 * @param clusters those of this invocation, as their files say now
 * @returns what was undone, by the folder of its run, and whether nothing is left
 */
export async function undoAbandoned(
  { invocation, ended }: OwnRuns,
  clusters: Cluster[],
): Promise<{ isAllUndone: boolean; undone: Map<string, Act[]> }> {
  const undone = new Map<string, Act[]>();
  const abandoned = abandonedBy(invocation);
  let isAllUndone = abandoned !== undefined;
  for (const folder of abandoned ?? []) {
    const run = path.basename(folder.dir);
    const acts: Act[] = [];
    undone.set(folder.dir, acts);
    stderr.print(
      ended.has(folder.dir)
        ? `Run ${run} could not undo everything. Trying once more:`
        : `Run ${run} ended without cleaning up: its process was killed. Undoing what it left:`,
    );
    let isUndone = true;
    const onStep = (step: UndoStep) => {
      stderr.print(styled`  ${describeStep(step)}`);
      if (step.error === undefined) acts.push(step.act);
      else isUndone = false;
    };
    const file = headerOf(folder)?.cluster.file;
    const given = clusters.find((each) => path.resolve(each.file) === file);
    await undoRun(folder, onStep, { given, isNamed: false }).catch((error: Error) => {
      isUndone = false;
      stderr.print(`  not undone  ${error.message}`);
    });
    if (!isUndone) stderr.print(`  What to do: brownout undo ${run}`);
    isAllUndone &&= isUndone;
  }
  return { isAllUndone, undone };
}

/** Undefined, and told, where nobody knows. */
function abandonedBy(invocation: string): RunFolder[] | undefined {
  try {
    return abandonedRuns().filter((each) => headerOf(each)?.invocation === invocation && !isElsewhere(each));
  } catch (error) {
    if (!(error instanceof UnreadableRuns)) throw error;
    stderr.print(`Whether a run has left something is not known: ${error.message}`);
    tellHint(error.hint);
    return undefined;
  }
}

/** Of every run that began, on whichever cluster, when its process is gone: until then it may go on acting. Returns the exit code. */
export async function tellWhatIsLeft(dirs: string[]): Promise<number> {
  const left: Styled[] = [];
  for (const dir of dirs) {
    const folder = runFolder(dir);
    const { journal } = folder;
    // A run that was refused has removed its folder.
    if (!isThere(dir)) continue;
    await untilGone(journal, KILLED_WITHIN);
    const pending = pendingIn(folder) ?? [`not known: ${journal} cannot be read`];
    if (pending.length === 0) continue;
    const lines = joined(
      pending.map((line) => styled`  ${line}`),
      '\n',
    );
    left.push(styled`Still to be undone:\n${lines}\nWhat to do: brownout undo ${path.basename(dir)}`);
  }
  if (left.length > 0) stderr.print(styled`Stopped at once. ${joined(left, '\n')}`);
  else stderr.print(dirs.length === 0 ? 'Stopped. No run had begun.' : 'Stopped. Nothing is left to be undone.');
  return left.length > 0 ? exit.notUndone : exit.unknown;
}

/** Waits until the process of a run is gone, for `timeout` ms. */
export async function untilGone(journal: string, timeout: number): Promise<void> {
  const state = () => {
    try {
      return ownerState(readJournal(journal).header.owner);
    } catch {
      // Whose it is cannot be read: there is nobody to wait for.
      return 'gone';
    }
  };
  await poll(state, (seen) => seen !== 'alive', { timeout });
}
