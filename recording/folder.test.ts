import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Clock } from './clock.ts';
import { findRun, listRuns, runFolder, UnreadableRuns } from './folder.ts';
import { Recorder } from './recorder.ts';

const runs = mkdtempSync(path.join(os.tmpdir(), 'brownout-runs-'));
after(() => rmSync(runs, { recursive: true, force: true }));
for (const name of ['20260101-000000-abcd', 'copy-of-20260101-000000-abcd', '20260101-000000-efgh']) {
  mkdirSync(path.join(runs, name));
  writeFileSync(path.join(runs, name, 'journal.jsonl'), '');
}
const find = (name: string) => path.basename(findRun(name, runs).dir);

test('a run is found by its whole name, even where a copy ends in it, or by an end that only it has', () => {
  assert.equal(find('20260101-000000-abcd'), '20260101-000000-abcd');
  assert.equal(find('copy-of-20260101-000000-abcd'), 'copy-of-20260101-000000-abcd');
  assert.equal(find('efgh'), '20260101-000000-efgh');
  assert.throws(() => find('abcd'), /'abcd' fits several runs/);
  assert.throws(() => find('wxyz'), /There is no run 'wxyz'/);
});

test('an empty name is no run, not the only one there is', () => {
  assert.throws(() => find(''), /empty name/);
});

test('recordings that are not there are none, and those that cannot be looked at are no answer', () => {
  assert.deepEqual(listRuns(path.join(runs, 'not-there')), []);
  const nowhere = path.join(runs, 'nowhere');
  symlinkSync('not-there', nowhere);
  assert.deepEqual(listRuns(nowhere), []);
  rmSync(nowhere);
  const file = path.join(runs, '20260101-000000-abcd', 'journal.jsonl');
  for (const place of [file, path.join(file, 'runs')]) {
    assert.throws(() => listRuns(place), UnreadableRuns);
    assert.throws(() => findRun('efgh', place), UnreadableRuns);
  }
});

test('a run is not recorded into a folder that there is', () => {
  const clock: Clock = { origin: { monotonic: '0', wall: 0 }, now: () => 0 };
  const folder = runFolder(path.join(runs, 'new'));
  new Recorder(folder, clock, () => {}).close();
  assert.throws(() => new Recorder(folder, clock, () => {}), { code: 'EEXIST' });
});
