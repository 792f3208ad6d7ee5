import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readJournal } from '../../run/journal/journal.ts';
import { undoAbandoned } from './abandoned.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-abandoned-'));
const home = process.cwd();
after(() => {
  process.chdir(home);
  rmSync(project, { recursive: true, force: true });
});

/** The journal of a run whose process is gone, with an act that is not undone. */
function dead(run: string, invocation: string): string {
  const journal = path.join(project, '.brownout', 'runs', run, 'journal.jsonl');
  const source = `
    import { mkdirSync } from 'node:fs';
    import path from 'node:path';
    import { Journal } from ${JSON.stringify(path.join(import.meta.dirname, '../../run/journal/journal.ts'))};
    const file = ${JSON.stringify(journal)};
    mkdirSync(path.dirname(file), { recursive: true });
    const journal = Journal.create(file, '${run}', { name: 'c', file: 'c.yaml', platform: 'nowhere' }, '${invocation}');
    journal.before({ verb: 'power.off', args: { node: 'w1' } }, { verb: 'power.on', args: { node: 'w1' } });`;
  execFileSync(process.execPath, ['--input-type=module', '-e', source], { cwd: project });
  return journal;
}

test('what the run of another command in this project left is its own to undo', async () => {
  const theirs = dead('20260101-000000-aaaa', '/tmp/theirs/wire.jsonl');
  process.chdir(project);
  const own = { invocation: '/tmp/ours/wire.jsonl', ended: new Set<string>() };
  assert.deepEqual(await undoAbandoned(own, []), { isAllUndone: true, undone: new Map() });
  assert.equal(readJournal(theirs).entries.length, 1);
  const mine = dead('20260101-000001-bbbb', own.invocation);
  // It is tried, and its platform is none.
  const { isAllUndone, undone } = await undoAbandoned(own, []);
  assert.deepEqual([isAllUndone, [...undone.keys()]], [false, [path.dirname(mine)]]);
});

test('where the runs cannot be looked at, nobody says that nothing is left', async () => {
  process.chdir(project);
  const runs = path.join(project, '.brownout', 'runs');
  rmSync(runs, { recursive: true });
  writeFileSync(runs, '');
  const own = { invocation: '/tmp/ours/wire.jsonl', ended: new Set<string>() };
  assert.deepEqual(await undoAbandoned(own, []), { isAllUndone: false, undone: new Map() });
});
