/** The journal of a run beside its recording: one that is gone or empty says nothing, and the recording tells whether it had something to say. */
import { existsSync } from 'node:fs';
import type { RunFolder } from '../../recording/folder.ts';
import { readEvents } from '../../recording/read.ts';
import { DamagedJournal, type JournalContents, readJournal } from './journal.ts';

/**
 * @throws {DamagedJournal} when acts may be pending that nobody can read
 * @throws what reading it says, when it is not there or was cut in its first line, and the recording does not tell of a run that went on
 */
export function readRunJournal(folder: RunFolder): JournalContents {
  try {
    return readJournal(folder.journal);
  } catch (error) {
    if (error instanceof DamagedJournal || !wentOn(folder)) throw error;
    const what = existsSync(folder.journal) ? 'was cut in its first line' : 'is gone';
    throw new DamagedJournal(
      `${folder.journal} ${what}, and the recording beside it shows that the run went on: acts may be pending that nobody can read`,
      {
        hint: `look for leftovers by label: brownout undo --cluster <file>; a node without power carries no label. Then remove ${folder.dir}`,
        cause: error,
      },
    );
  }
}

/**
 * The first line of a journal is on disk before the first event: where there is one, there was a journal. After a clean-up that left the
 * cluster as it was, nothing is pending.
 */
function wentOn({ events: file }: RunFolder): boolean {
  try {
    const { events, damages } = readEvents(file);
    const isOver = events.some(
      (event) => event.kind === 'phase' && event.phase === 'clean up' && event.state === 'end',
    );
    const isAsBefore = events.some((event) => event.kind === 'difference' && event.left?.length === 0);
    return (events.length > 0 || damages.length > 0) && !(isOver && isAsBefore);
  } catch {
    // It cannot be looked into: what it would show is not known.
    return existsSync(file);
  }
}
