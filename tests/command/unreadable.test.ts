/** Where the recordings cannot be looked at, nobody says that there are none: whole commands, as another user and on what is no folder. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { execa } from 'execa';
import { copyExamples } from '../brownout.ts';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
const NOBODY = 65_534;
const RUN = '20260101-000000-aaaa';
const isRoot = process.getuid?.() === 0;
const AS_ROOT = isRoot ? false : 'root may look at everything, and becomes another user here';

let project: string;
let runs: string;
before(() => process.umask(0o022));
beforeEach(() => {
  project = mkdtempSync(path.join(os.tmpdir(), 'brownout-unreadable-'));
  chmodSync(project, 0o755);
  runs = path.join(project, '.brownout', 'runs');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

async function brownout(words: string[], user: { uid?: number; gid?: number } = {}) {
  const ran = await execa(process.execPath, [MAIN, ...words], {
    cwd: project,
    reject: false,
    env: { HOME: project, XDG_STATE_HOME: project, NODE_COMPILE_CACHE: undefined },
    ...user,
  });
  return { code: ran.exitCode, out: ran.stdout, all: `${ran.stdout}\n${ran.stderr}` };
}

const asNobody = (...words: string[]) => brownout(words, { uid: NOBODY, gid: NOBODY });

/** A run that left something. */
function leave(dir: string): void {
  const header = {
    version: 1,
    run: RUN,
    cluster: { platform: 'toy', name: 'clusters/toy.yaml' },
    project: '/x',
    owner: 'elsewhere 1 1',
  };
  const undo = { verb: 'remove', args: { namespace: 'brownout-x' } };
  const act = { id: 1, does: { verb: 'deploy', args: {} }, undo };
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'journal.jsonl'), [header, act].map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** What `undo` and `runs` say then, in words and as JSON. */
async function refuses(said: RegExp, run: typeof asNobody): Promise<void> {
  for (const words of [['undo'], ['undo', RUN]]) {
    const undo = await run(...words);
    assert.equal(undo.code, 4, undo.all);
    assert.match(undo.all, said);
    assert.doesNotMatch(undo.all, /Nothing to undo|no run|room on its disk/);
  }
  const { code, out } = await run('undo', '--json');
  assert.equal(code, 4);
  const { steps, notReached, goingOn } = JSON.parse(out);
  assert.deepEqual([steps, goingOn, notReached.length], [[], [], 1]);
  assert.match(notReached[0].error, said);
  const list = await run('runs');
  assert.equal(list.code, 3, list.all);
  assert.match(list.all, said);
  assert.doesNotMatch(list.all, /No runs yet|room on its disk/);
}

test('a .brownout, or its runs, that may not be entered', { skip: AS_ROOT }, async () => {
  leave(path.join(runs, RUN));
  chmodSync(path.dirname(runs), 0o700);
  await refuses(/runs cannot be looked into: EACCES/, asNobody);
  chmodSync(path.dirname(runs), 0o755);
  chmodSync(runs, 0o700);
  await refuses(/runs cannot be looked into: EACCES/, asNobody);
});

test('nothing is removed by label where a run of this project may be the one that goes on', {
  skip: AS_ROOT,
}, async () => {
  copyExamples(project);
  leave(path.join(runs, RUN));
  const namespace = path.join(project, '.toy', 'brownout-x');
  mkdirSync(namespace, { recursive: true });
  writeFileSync(path.join(namespace, 'run'), RUN);
  chmodSync(runs, 0o700);
  for (const words of [[], [RUN]]) {
    const { code, all } = await asNobody('undo', ...words, '--cluster', 'clusters/toy.yaml');
    assert.equal(code, 4, all);
    assert.equal(all.match(/runs cannot be looked into/g)?.length, 1, all);
  }
});

test('one run that may not be looked at is told, and keeps no other from being looked at', {
  skip: AS_ROOT,
}, async () => {
  leave(path.join(runs, RUN));
  const hidden = path.join(project, 'hidden');
  leave(path.join(hidden, 'there'));
  chmodSync(hidden, 0o700);
  symlinkSync(path.join(hidden, 'there'), path.join(runs, 'linked'));
  const undo = await asNobody('undo');
  assert.equal(undo.code, 4, undo.all);
  assert.match(undo.all, /not undone +run linked: .*EACCES/);
  assert.match(undo.all, new RegExp(`not undone +run ${RUN}`));
  const named = await asNobody('undo', path.join(hidden, 'there'));
  assert.equal(named.code, 4, named.all);
  assert.match(named.all, /not undone +run there: .*EACCES/);
  assert.match(
    (await asNobody('runs')).all,
    /^linked +unreadable .*EACCES.*acts may be pending: brownout undo linked$/m,
  );
});

test('a file where the runs, or the folder above them, should be', async () => {
  mkdirSync(path.dirname(runs));
  writeFileSync(runs, '');
  await refuses(/runs cannot be looked into: .*no folder/, (...words) => brownout(words));
  rmSync(path.dirname(runs), { recursive: true });
  writeFileSync(path.dirname(runs), '');
  await refuses(/runs cannot be looked into: .*no folder/, (...words) => brownout(words));
});

test('what is not there, or a link to nowhere, is none', async () => {
  const none = async () => {
    assert.match((await brownout(['undo'])).out, /Nothing to undo/);
    assert.match((await brownout(['runs'])).out, /No runs yet/);
  };
  await none();
  symlinkSync('.brownout', path.dirname(runs));
  await none();
});
