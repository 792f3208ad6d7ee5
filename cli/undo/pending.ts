/** Which runs of this project have left something. */
import path from 'node:path';
import { ownerPid, ownerState } from '../../platforms/owner.ts';
import { listRuns, type RunFolder } from '../../recording/folder.ts';
import { DamagedJournal, type JournalHeader, readJournal } from '../../run/journal/journal.ts';
import { readRunJournal } from '../../run/journal/run-journal.ts';
import { OperatorError } from '../../units/operator-error.ts';

/** Runs of this project that left something, and whose process is gone. */
export function abandonedRuns(): RunFolder[] {
  return listRuns().filter((folder) => hasPending(folder) && !isRunning(folder));
}

/** Acts that are not undone yet, or a journal of which nobody knows. */
export function hasPending(folder: RunFolder): boolean {
  try {
    const { entries, damages } = readRunJournal(folder);
    return entries.length > 0 || damages.length > 0;
  } catch (error) {
    // One that was cut before its first line was whole, or none: no act had begun. Of any other nobody knows.
    const isCut = error instanceof OperatorError && !(error instanceof DamagedJournal);
    return !isCut && (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

export function stillGoing(folder: RunFolder): string {
  const pid = ownerPid(readJournal(folder.journal).header.owner);
  return `Run ${path.basename(folder.dir)} is still going on (process ${pid}) and is left alone.`;
}

export const isRunning = (folder: RunFolder) => stateOf(folder) === 'alive';

/** Of its process nobody knows here. */
export const isElsewhere = (folder: RunFolder) => stateOf(folder) === 'elsewhere';

/** Who cannot be asked is undone as far as it goes, and told. */
export function stateOf(folder: RunFolder): ReturnType<typeof ownerState> | undefined {
  const header = headerOf(folder);
  return header && ownerState(header.owner);
}

/** What a run's journal begins with; undefined where it cannot be read. */
export function headerOf({ journal }: RunFolder): JournalHeader | undefined {
  try {
    return readJournal(journal).header;
  } catch {
    return undefined;
  }
}
