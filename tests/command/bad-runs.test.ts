/** One bad run folder keeps no other from being undone, listed, reported or compared: whole commands on the cluster of examples/. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { generateAllureReport } from '../../reports/allure/generate.ts';
import { copyExamples, startBrownout } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
const home = mkdtempSync(path.join(os.tmpdir(), 'brownout-bad-runs-'));
const project = path.join(home, 'project');
const runs = path.join(project, '.brownout', 'runs');
const GOOD = ['20260101-000000-aaaa', '20260102-000000-bbbb'];
const HEADER = {
  version: 1,
  run: 'r',
  cluster: { platform: 'toy', name: 'toy' },
  project: '/x',
  owner: 'elsewhere 1 1',
};
const line = (value: object) => `${JSON.stringify(value)}\n`;
const entry = (id: number, undo: object) => line({ id, does: { verb: 'deploy', args: {} }, undo });

before(() => {
  process.env.XDG_STATE_HOME = home;
  copyExamples(project);
});
beforeEach(() => {
  rmSync(path.join(project, '.brownout'), { recursive: true, force: true });
  mkdirSync(runs, { recursive: true });
  GOOD.forEach((run, index) => {
    good(run, `brownout-good-${index}`);
  });
});
after(() => rmSync(home, { recursive: true, force: true }));

async function brownout(...words: string[]): Promise<{ code: number; all: string }> {
  const running = startBrownout(project, ...words);
  return { code: await running.ended, all: running.output() };
}

/** A recording of the suite's own tests, as one of this project. */
function record(run: string): void {
  const dir = path.join(runs, run);
  cpSync(RECORDING, dir, { recursive: true });
  const meta = path.join(dir, 'run.json');
  writeFileSync(meta, JSON.stringify({ ...JSON.parse(readFileSync(meta, 'utf8')), id: run }));
}

/** One that is read as it should be, and has left something. */
function good(run: string, namespace: string): void {
  record(run);
  const header = { ...HEADER, run };
  const undo = { verb: 'remove', args: { namespace } };
  writeFileSync(path.join(runs, run, 'journal.jsonl'), line(header) + entry(1, undo));
  mkdirSync(path.join(project, '.toy', namespace), { recursive: true });
  writeFileSync(path.join(project, '.toy', namespace, 'run'), run);
}

const RECORDING = path.join(root, 'tests', 'data', 'recordings', 'swarm-member-pause');
const JUNK = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x7b, 0x22, 0xc3, 0x28]);

/** Each is called with a folder that has a run.json and a journal. The code of `undo` beside a good run: 4 where acts may be pending. */
const bad: Record<string, { spoil(folder: string): void; code: 0 | 4 }> = {
  'an empty run.json': { spoil: (dir) => writeFileSync(path.join(dir, 'run.json'), ''), code: 0 },
  'a run.json of another kind': { spoil: (dir) => writeFileSync(path.join(dir, 'run.json'), '{}'), code: 0 },
  'a run.json that is null': { spoil: (dir) => writeFileSync(path.join(dir, 'run.json'), 'null'), code: 0 },
  'a run.json that is a folder': { spoil: (dir) => becomeFolder(path.join(dir, 'run.json')), code: 0 },
  'a run.json in a loop of links': { spoil: (dir) => becomeLoop(path.join(dir, 'run.json')), code: 0 },
  'no run.json': { spoil: (dir) => unlinkSync(path.join(dir, 'run.json')), code: 0 },
  'events that are a folder': { spoil: (dir) => becomeFolder(path.join(dir, 'events.jsonl')), code: 0 },
  'events of junk': { spoil: (dir) => writeFileSync(path.join(dir, 'events.jsonl'), JUNK), code: 0 },
  'samples of junk': { spoil: (dir) => writeFileSync(path.join(dir, 'samples.bin'), JUNK), code: 0 },
  'findings that are null': { spoil: (dir) => writeFileSync(path.join(dir, 'findings.json'), 'null'), code: 0 },
  'no journal': { spoil: (dir) => unlinkSync(path.join(dir, 'journal.jsonl')), code: 0 },
  'an empty journal': { spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), ''), code: 0 },
  'an empty journal of a run that went on': {
    spoil(dir) {
      cutShort(dir);
      writeFileSync(path.join(dir, 'journal.jsonl'), '');
    },
    code: 4,
  },
  'no journal of a run that went on': {
    spoil(dir) {
      cutShort(dir);
      unlinkSync(path.join(dir, 'journal.jsonl'));
    },
    code: 4,
  },
  'a journal that is a pipe': { spoil: (dir) => becomePipe(path.join(dir, 'journal.jsonl')), code: 4 },
  'a run.json that is a pipe': { spoil: (dir) => becomePipe(path.join(dir, 'run.json')), code: 0 },
  'events that are a pipe': { spoil: (dir) => becomePipe(path.join(dir, 'events.jsonl')), code: 0 },
  'samples that are a pipe': { spoil: (dir) => becomePipe(path.join(dir, 'samples.bin')), code: 0 },
  'a header without owner': {
    spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), line({ ...HEADER, owner: undefined })),
    code: 4,
  },
  'a header without run': {
    spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), line({ ...HEADER, run: undefined })),
    code: 4,
  },
  'a header whose cluster is of no file': {
    spoil: (dir) =>
      writeFileSync(path.join(dir, 'journal.jsonl'), line({ ...HEADER, cluster: { platform: 'toy', file: 5 } })),
    code: 4,
  },
  'a header of null': { spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), 'null\n'), code: 4 },
  'a journal of junk': { spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), JUNK), code: 4 },
  'a journal of zeros': {
    spoil: (dir) => writeFileSync(path.join(dir, 'journal.jsonl'), Buffer.alloc(4096)),
    code: 4,
  },
  'a journal of junk in its middle': {
    spoil: (dir) => appendFileSync(path.join(dir, 'journal.jsonl'), Buffer.concat([JUNK, Buffer.from('\n')])),
    code: 4,
  },
  'a journal that is a folder': { spoil: (dir) => becomeFolder(path.join(dir, 'journal.jsonl')), code: 4 },
  'a journal in a loop of links': { spoil: (dir) => becomeLoop(path.join(dir, 'journal.jsonl')), code: 4 },
  'a file where the folder should be': {
    spoil(dir) {
      rmSync(dir, { recursive: true });
      writeFileSync(dir, 'x');
    },
    code: 0,
  },
  'a loop of links where the folder should be': {
    spoil(dir) {
      rmSync(dir, { recursive: true });
      symlinkSync(dir, dir);
    },
    code: 0,
  },
  'an empty folder': {
    spoil(dir) {
      rmSync(dir, { recursive: true });
      mkdirSync(dir);
    },
    code: 0,
  },
};

/** The recording of a run that was killed before it cleaned up. */
function cutShort(dir: string): void {
  const events = path.join(dir, 'events.jsonl');
  const lines = readFileSync(events, 'utf8').split('\n');
  writeFileSync(events, lines.filter((each) => !each.includes('"clean up"')).join('\n'));
}

function becomePipe(file: string): void {
  rmSync(file, { force: true });
  execFileSync('mkfifo', [file]);
}

function becomeFolder(file: string): void {
  rmSync(file, { force: true });
  mkdirSync(file);
}

function becomeLoop(file: string): void {
  rmSync(file, { force: true });
  symlinkSync(file, file);
}

/** Newer than the good ones, so that every command comes to them first. */
function spoil(names: string[]): Map<string, string> {
  return new Map(
    names.map((name, index) => {
      const run = `20260201-000000-${String(index).padStart(4, '0')}`;
      const dir = path.join(runs, run);
      record(run);
      writeFileSync(path.join(dir, 'journal.jsonl'), line({ ...HEADER, run }));
      bad[name]!.spoil(dir);
      return [name, dir];
    }),
  );
}

const namespaces = () => GOOD.map((_, index) => path.join(project, '.toy', `brownout-good-${index}`));
const UNDO = ['undo', '--cluster', 'clusters/toy.yaml'];

test('what is no journal in which an act was begun is nothing to undo', async () => {
  spoil(Object.keys(bad).filter((name) => bad[name]!.code === 0));
  const { code, all } = await brownout(...UNDO);
  assert.equal(code, 0, all);
  assert.equal(all.match(/^undone +remove/gm)?.length, 2, all);
  assert.ok(!namespaces().some((each) => existsSync(each)));
});

test('beside every kind of bad folder the good runs are undone, listed, reported, judged and compared', async () => {
  const dirs = spoil(Object.keys(bad));
  const undo = await brownout(...UNDO);
  assert.equal(undo.code, 4, undo.all);
  assert.equal(undo.all.match(/^undone +remove/gm)?.length, 2, undo.all);
  assert.ok(!namespaces().some((each) => existsSync(each)));
  for (const [name, dir] of dirs) {
    const isNamed = undo.all.includes(`not undone  run ${path.basename(dir)}`);
    assert.equal(isNamed, bad[name]!.code === 4, `${name}: ${undo.all}`);
  }

  const list = await brownout('runs');
  assert.equal(list.code, 0, list.all);
  for (const run of GOOD) assert.match(list.all, new RegExp(`^${run} `, 'm'));
  // Every one of which acts may be pending stands there with what to do.
  for (const [name, dir] of dirs) {
    const run = path.basename(dir);
    if (bad[name]!.code === 4)
      assert.match(list.all, new RegExp(`^${run} .*acts may be pending: brownout undo ${run}$`, 'm'), name);
  }

  // The newest are bad; so all of them but the good are left out.
  for (const name of ['no run.json', 'a journal that is a folder']) rmSync(dirs.get(name)!, { recursive: true });
  for (const words of [['report'], ['judge'], ['compare', '--last', '2'], ['report', GOOD[0]!], ['compare', ...GOOD]]) {
    const { code, all } = await brownout(...words);
    assert.doesNotMatch(all, /not supposed to happen|\n +at /, words.join(' '));
    assert.ok(code < 3, `${words.join(' ')}: ${all}`);
  }
});

test('a run of which the recording cannot be read is listed with what it has left', async () => {
  const [gone, damaged] = GOOD.map((run) => path.join(runs, run, 'run.json')) as [string, string];
  unlinkSync(gone);
  writeFileSync(damaged, '{}');
  const { code, all } = await brownout('runs');
  assert.equal(code, 0, all);
  assert.match(
    all,
    new RegExp(`^${GOOD[0]}  unreadable  .*run\\.json is gone.*  1 acts not undone: brownout undo ${GOOD[0]}$`, 'm'),
  );
  assert.match(
    all,
    new RegExp(`^${GOOD[1]}  unreadable  .*run\\.json is damaged.*  1 acts not undone: brownout undo ${GOOD[1]}$`, 'm'),
  );
  const running = startBrownout(project, 'runs', '--json');
  await running.ended;
  const told = JSON.parse(running.output()) as Record<string, unknown>[];
  assert.deepEqual(
    told.map(({ run, state, pending, title }) => ({ run, state, pending, title })),
    GOOD.map((run) => ({ run, state: 'unreadable', pending: 1, title: null })),
  );
  assert.match(String(told[0]!.error), /run\.json is gone/);
});

test('a recording that has lost its journal after all was undone is listed; a folder in which no run had begun is not', async () => {
  const [whole, begun] = GOOD.map((run) => path.join(runs, run)) as [string, string];
  unlinkSync(path.join(whole, 'journal.jsonl'));
  for (const file of ['journal.jsonl', 'events.jsonl']) unlinkSync(path.join(begun, file));
  const running = startBrownout(project, 'runs', '--json');
  await running.ended;
  const told = JSON.parse(running.output()) as Record<string, unknown>[];
  assert.deepEqual(
    told.map(({ run, state, pending }) => ({ run, state, pending })),
    [{ run: GOOD[0], state: 'pass', pending: 0 }],
  );
});

test('a disk that is full keeps nothing from being undone, only from being marked', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('mounts a small disk: needs root');
  for (const used of ['.brownout', '.toy']) rmSync(path.join(project, used), { recursive: true });
  mkdirSync(path.join(project, '.brownout'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path.join(project, '.brownout')]);
  try {
    const [run] = GOOD as [string];
    const names = ['brownout-one', 'brownout-two', 'brownout-three'];
    mkdirSync(path.join(runs, run), { recursive: true });
    for (const name of names) {
      mkdirSync(path.join(project, '.toy', name), { recursive: true });
      writeFileSync(path.join(project, '.toy', name, 'run'), run);
    }
    const entries = names.map((name, index) => entry(index + 1, { verb: 'remove', args: { namespace: name } }));
    const all = [line({ ...HEADER, run, padding: '' }), ...entries].join('');
    // To the last byte of its page: not one more fits.
    const padding = 'x'.repeat(4096 - Buffer.byteLength(all));
    const text = [line({ ...HEADER, run, padding }), ...entries].join('');
    writeFileSync(path.join(runs, run, 'journal.jsonl'), text);
    const full = path.join(project, '.brownout', 'full');
    assert.throws(() => writeFileSync(full, Buffer.alloc(2 * 2 ** 20)), /ENOSPC/);
    const undo = await brownout('undo', run, '--cluster', 'clusters/toy.yaml');
    assert.equal(undo.all.match(/^undone +remove/gm)?.length, 3, undo.all);
    assert.match(undo.all, /3 of these could not be marked as undone/);
    assert.ok(!names.some((name) => existsSync(path.join(project, '.toy', name))));
    assert.equal(undo.code, 0, undo.all);
    rmSync(full);
    assert.equal((await brownout('undo', run, '--cluster', 'clusters/toy.yaml')).code, 0);
  } finally {
    execFileSync('umount', [path.join(project, '.brownout')]);
  }
});

test('an Allure report for which there is no room is said in the words of the system, and what to do', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('mounts a small disk: needs root');
  const [results, full] = ['allure-results', 'full'].map((name) => path.join(home, name)) as [string, string];
  for (const folder of [results, full]) mkdirSync(folder);
  const result = {
    uuid: 'u',
    name: 't',
    status: 'passed',
    stage: 'finished',
    historyId: 'h',
    labels: [],
    start: 1,
    stop: 2,
  };
  writeFileSync(path.join(results, 'u-result.json'), JSON.stringify(result));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full]);
  try {
    const making = generateAllureReport(results, path.join(full, 'report'), path.join(home, 'history.jsonl'));
    await assert.rejects(making, {
      name: 'OperatorError',
      message: `Allure could not make a report of ${results}: ENOSPC: no space left on device, write`,
      hint: /Is there room/,
    });
  } finally {
    execFileSync('umount', [full]);
  }
});
