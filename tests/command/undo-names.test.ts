/** Whose leftovers are meant by a name, where a cluster file is given: on the cluster of examples/, without a run. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
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

const RUNS_HERE = path.join(project, '.brownout', 'runs');
const FOREIGN = '20260101-000009-xyza';
const OWN = '20260101-000000-aaaa';
const RECORDED = path.join(import.meta.dirname, '..', 'data', 'recordings', 'swarm-member-pause', 'run.json');

/** A folder of a run, with an id in its journal and in its run.json where they are given; a journal without one is damaged. */
function folderOf(dir: string, { journal, meta }: { journal?: string; meta?: string }): void {
  mkdirSync(dir, { recursive: true });
  const cluster = { platform: 'toy', name: 'clusters/toy.yaml' };
  const header = { version: 1, run: journal, cluster, project: '/x', owner: 'elsewhere 1 1' };
  writeFileSync(path.join(dir, 'journal.jsonl'), `${JSON.stringify(header)}\n`);
  if (meta === undefined) return;
  writeFileSync(
    path.join(dir, 'run.json'),
    JSON.stringify({ ...JSON.parse(readFileSync(RECORDED, 'utf8')), id: meta }),
  );
}

/** What is left of these namespaces after an undo of that name. */
async function undoBeside(labels: string[], name: string) {
  rmSync(toy, { recursive: true, force: true });
  for (const run of labels) {
    mkdirSync(path.join(toy, `brownout-${run}`), { recursive: true });
    writeFileSync(path.join(toy, `brownout-${run}`, 'run'), run);
  }
  const { code, output } = await undo(name);
  return { code, output, left: labels.filter((run) => isThere(`brownout-${run}`)) };
}

describe('the id of a run that has a folder here', () => {
  afterEach(() => {
    for (const dir of [path.join(project, '.brownout'), path.join(project, 'a')])
      rmSync(dir, { recursive: true, force: true });
  });

  test('from its journal it is a whole one, however short', async () => {
    folderOf(path.join(RUNS_HERE, OWN), { journal: 'a' });
    const { code, output, left } = await undoBeside([FOREIGN], 'aaaa');
    assert.deepEqual([code, left], [0, [FOREIGN]], output);
    assert.deepEqual((await undoBeside([FOREIGN, 'a'], 'aaaa')).left, [FOREIGN]);
  });

  test('where the journal cannot be read it stands in run.json, whatever the folder is called', async () => {
    folderOf(path.join(RUNS_HERE, 'kept'), { meta: OWN });
    const { code, output, left } = await undoBeside([FOREIGN, OWN], 'kept');
    assert.deepEqual([code, left], [4, [FOREIGN]], output);
    // A short one of a file is the end of none.
    folderOf(path.join(RUNS_HERE, 'kept'), { meta: 'a' });
    assert.deepEqual((await undoBeside([FOREIGN], 'kept')).left, [FOREIGN]);
  });

  test('where neither can be read it is the name of the folder, if that is a whole id', async () => {
    folderOf(path.join(RUNS_HERE, OWN), {});
    const { code, output, left } = await undoBeside([FOREIGN, OWN], 'aaaa');
    assert.deepEqual([code, left], [4, [FOREIGN]], output);
  });

  test('where nothing says it, nothing is removed by label', async () => {
    folderOf(path.join(project, 'a'), {});
    const damaged = await undoBeside([FOREIGN], 'a');
    assert.deepEqual([damaged.code, damaged.left], [4, [FOREIGN]], damaged.output);
    assert.match(damaged.output, /which run .*\/a is of cannot be read/);
    rmSync(path.join(project, 'a', 'journal.jsonl'));
    writeFileSync(path.join(project, 'a', 'run.json'), '{}');
    const absent = await undoBeside([FOREIGN], 'a');
    assert.deepEqual([absent.code, absent.left], [3, [FOREIGN]], absent.output);
    // Of what there was nothing is left but samples, perhaps: no person means the end of an id by it.
    rmSync(path.join(project, 'a', 'run.json'));
    const emptied = await undoBeside([FOREIGN], 'a');
    assert.deepEqual([emptied.code, emptied.left], [3, [FOREIGN]], emptied.output);
    assert.match(emptied.output, /a is there, but is no folder of a run/);
  });
});

test('a platform of the project that is not that of the cluster, and is broken, prevents no undo of it', async () => {
  const broken = path.join(project, 'platforms', 'broken');
  mkdirSync(broken);
  writeFileSync(path.join(broken, 'platform.ts'), 'export const platform = ;\n');
  const file = path.join(project, 'clusters', 'broken.yaml');
  writeFileSync(file, 'platform: broken\nreach: {}\nallow: { nodes: ["n*"] }\n');
  try {
    const named = await undo('baaa');
    assert.deepEqual([named.code, named.left], [0, ['one']], named.output);
    const all = startBrownout(project, 'undo', '--cluster', 'clusters/toy.yaml');
    assert.equal(await all.ended, 0, all.output());
    assert.ok(!isThere('brownout-one'));
    const own = startBrownout(project, 'undo', '--cluster', 'clusters/broken.yaml');
    assert.equal(await own.ended, 3);
    assert.match(own.output(), /broken\/platform\.ts cannot be loaded/);
    rmSync(broken, { recursive: true });
    writeFileSync(file, 'platform: nowhere\nallow: { nodes: ["n*"] }\n');
    const none = startBrownout(project, 'undo', '--cluster', 'clusters/broken.yaml');
    assert.equal(await none.ended, 3);
    assert.match(none.output(), /clusters\/broken\.yaml:1:11[\s\S]*expected .*toy/);
    writeFileSync(file, 'platform: { toy: 1 }\nallow: { nodes: ["n*"] }\n');
    const map = startBrownout(project, 'undo', '--cluster', 'clusters/broken.yaml');
    assert.equal(await map.ended, 3);
    assert.match(map.output(), /clusters\/broken\.yaml:1:11/);
  } finally {
    rmSync(broken, { recursive: true, force: true });
    rmSync(file);
  }
});
