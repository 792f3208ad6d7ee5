import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { runFolder } from '../../recording/folder.ts';
import { pendingIn } from '../judge.ts';
import { DamagedJournal } from './journal.ts';
import { readRunJournal } from './run-journal.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'brownout-run-journal-'));
after(() => rmSync(home, { recursive: true }));

type Event = Record<string, unknown>;
const phase = (name: string, state: string): Event => ({ at: 1, kind: 'phase', phase: name, state });

/** A run's folder with these events, and a journal with this text; without one where it is undefined. */
function folderOf(events: Event[], journal: string | undefined) {
  const folder = runFolder(mkdtempSync(path.join(home, 'run-')));
  writeFileSync(folder.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  if (journal !== undefined) writeFileSync(folder.journal, journal);
  return folder;
}

const begun = [phase('preflight', 'begin'), phase('deploy', 'begin')];
const compared = (left: string[] | null): Event => ({ at: 1, kind: 'difference', left });
const endingWith = (left: string[] | null) => [
  ...begun,
  phase('clean up', 'begin'),
  compared(left),
  phase('clean up', 'end'),
];
const over = endingWith([]);

for (const [what, journal] of [
  ['gone', undefined],
  ['empty', ''],
  ['cut', '{"version":3,"ru'],
] as const) {
  test(`a journal that is ${what} says nothing of a run whose recording goes on`, () => {
    for (const events of [begun, endingWith(['node w1']), endingWith(null)]) {
      const folder = folderOf(events, journal);
      assert.throws(() => readRunJournal(folder), DamagedJournal);
      assert.equal(pendingIn(folder), null);
    }
  });

  test(`one that is ${what} hides nothing where nothing had begun, or all was cleaned up`, () => {
    for (const events of [[], over]) {
      assert.throws(
        () => readRunJournal(folderOf(events, journal)),
        (error) => !(error instanceof DamagedJournal),
      );
    }
  });
}

test('a recording that cannot be read either is no proof that nothing had begun', () => {
  const folder = folderOf([], '');
  writeFileSync(folder.events, 'junk\n');
  assert.throws(() => readRunJournal(folder), DamagedJournal);
});
