/** Whose leftovers are meant by a name, where a cluster file is given and there is no journal: on the cluster of examples/, without a run. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-undo-names-'));
const toy = path.join(project, '.toy');
before(() => copyExamples(project));
after(() => rmSync(project, { recursive: true, force: true }));

const RUNS = { one: '20260101-000000-aaaa', other: '20260101-000001-baaa' };
const isThere = (namespace: string) => existsSync(path.join(toy, namespace));

beforeEach(() => {
  rmSync(toy, { recursive: true, force: true });
  for (const [name, run] of Object.entries(RUNS)) {
    mkdirSync(path.join(toy, `brownout-${name}`), { recursive: true });
    writeFileSync(path.join(toy, `brownout-${name}`, 'run'), run);
  }
});

async function undo(name: string) {
  const command = startBrownout(project, 'undo', name, '--cluster', 'clusters/toy.yaml');
  const code = await command.ended;
  return { code, output: command.output(), left: Object.keys(RUNS).filter((each) => isThere(`brownout-${each}`)) };
}

test('by its id, or the end of it', async () => {
  assert.deepEqual((await undo(RUNS.one)).left, ['other']);
  const byEnd = await undo('baaa');
  assert.deepEqual([byEnd.code, byEnd.left], [0, []], byEnd.output);
});

test('a name that may be of several, or of none, is never nothing to undo', async () => {
  const several = await undo('aaa');
  assert.match(several.output, /'aaa' fits several runs: 20260101-000000-aaaa, 20260101-000001-baaa/);
  const none = await undo('no-such-run');
  assert.match(none.output, /no run 'no-such-run' here, and nothing on the cluster carries its label/);
  const empty = await undo('');
  assert.match(empty.output, /empty name/);
  for (const { code, left } of [several, none, empty]) assert.deepEqual([code, left], [3, ['one', 'other']]);
  // A whole id is no mistake: nothing is left of that run.
  const whole = await undo('20260101-000002-cccc');
  assert.deepEqual([whole.code, whole.left], [0, ['one', 'other']], whole.output);
});

test('nothing of a run that holds its lock is taken away, though it is named', async () => {
  const lock = { run: RUNS.one, owner: 'elsewhere:1', expires: Date.now() + 100_000 };
  writeFileSync(path.join(toy, 'lock'), JSON.stringify(lock));
  const held = await undo(RUNS.one);
  assert.deepEqual([held.code, held.left], [3, ['one', 'other']], held.output);
  assert.match(held.output, /still going on[\s\S]*lock runs out two minutes/);
  writeFileSync(path.join(toy, 'lock'), JSON.stringify({ ...lock, expires: Date.now() - 1 }));
  assert.deepEqual((await undo(RUNS.one)).left, ['other']);
});
