/** What an undo journal can ask for, and who is believed, on the cluster of examples/: whole commands, and no lab. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Act } from '../../platforms/platform.ts';
import { sealLine } from '../../run/journal/journal-line.ts';
import { copyExamples, startBrownout } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
const home = mkdtempSync(path.join(os.tmpdir(), 'brownout-gate-'));
const RUN = '20260101-000000-abcd';
const OWN = 'brownout-hello-abcd';
/** An undo that is refused is told at once; one that is retried takes two minutes. */
const AT_ONCE = 300_000;

// The key by which this user's journals are known.
process.env.XDG_STATE_HOME = path.join(home, 'state');
let project = '';
const inToy = (...names: string[]) => path.join(project, '.toy', ...names);
const touched = () => path.join(project, 'touched');

before(() => mkdirSync(path.join(home, 'state')));
beforeEach(() => {
  project = mkdtempSync(path.join(home, 'project-'));
  copyExamples(project);
});
after(() => rmSync(home, { recursive: true, force: true }));

interface Ended {
  code: number;
  all: string;
}

async function brownout(...words: string[]): Promise<Ended> {
  const running = startBrownout(project, ...words);
  return { code: await running.ended, all: running.output() };
}

/** A namespace of the toy, as a run leaves it. */
function namespace(name: string, run: string | undefined): string {
  const made = inToy(name);
  mkdirSync(path.join(made, 'n1', 'web.1'), { recursive: true });
  if (run !== undefined) writeFileSync(path.join(made, 'run'), run);
  return made;
}

function clusterOf(power?: object): object {
  return {
    name: 'toy',
    file: path.join(project, 'clusters', 'toy.yaml'),
    platform: 'toy',
    reach: { folder: inToy(), nodes: ['n1', 'n2', 'n3'] },
    allow: { nodes: ['n*'], namespaces: ['brownout-*'] },
    entry: {},
    images: {},
    pull: 'missing',
    netem: false,
    power,
  };
}

const commands = (does: string) => ({ kind: 'command', off: does, on: does, state: 'echo on {node}', timeout: 5000 });

function runFolder(run = RUN): string {
  const made = path.join(project, '.brownout', 'runs', run);
  mkdirSync(made, { recursive: true });
  writeFileSync(path.join(made, 'run.json'), '{}');
  return path.join(made, 'journal.jsonl');
}

const remove = (name = OWN): Act => ({ verb: 'remove', args: { namespace: name } });

/** The journal of a run of this project that was killed. */
function own(undos: Act[], cluster = clusterOf(), run = RUN): string {
  const file = runFolder(run);
  const write = `
    import { Journal } from ${JSON.stringify(path.join(root, 'run', 'journal', 'journal.ts'))};
    const journal = Journal.create(${JSON.stringify(file)}, '${run}', ${JSON.stringify(cluster)});
    for (const undo of ${JSON.stringify(undos)}) journal.before({ verb: 'deploy', args: {} }, undo);`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', write], { cwd: project });
  return file;
}

/** A journal that somebody else wrote; without checksums, as the first version of the suite did. */
function foreign(undos: object[], cluster = clusterOf()): string {
  const file = runFolder();
  const header = { version: 1, run: RUN, cluster, project: '/somewhere/else', owner: 'elsewhere 4711 1' };
  const entries = undos.map((undo, index) => ({ id: index + 1, does: { verb: 'deploy', args: {} }, undo }));
  writeFileSync(file, [header, ...entries].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

/** A cluster file of this project by which nodes can be switched. */
function withPower(does: string): string {
  const file = path.join(project, 'clusters', 'power.yaml');
  const text = readFileSync(path.join(project, 'clusters', 'toy.yaml'), 'utf8');
  writeFileSync(file, `${text}power: { command: { off: "${does}", on: "${does}", state: "echo on {node}" } }\n`);
  return file;
}

test('the journal of a killed run of this project is carried out as it says', async () => {
  const made = namespace(OWN, RUN);
  const on = { verb: 'power.on', args: { node: 'n1' } };
  own([remove(), on], clusterOf(commands(`echo {node} > ${touched()}`)));
  const { code, all } = await brownout('undo');
  assert.equal(code, 0, all);
  assert.match(all, /undone +power\.on n1/);
  assert.ok(!existsSync(made));
  assert.equal(readFileSync(touched(), 'utf8'), 'n1\n');
  assert.match((await brownout('undo')).all, /Nothing to undo/);
});

test('one from elsewhere is carried out only with a cluster file, and then that file says all but the acts', async () => {
  const made = namespace(OWN, RUN);
  const on = { verb: 'power.on', args: { node: 'n1' } };
  foreign([remove(), on], clusterOf(commands(`echo pwned > ${touched()}`)));
  const without = await brownout('undo');
  assert.equal(without.code, 4, without.all);
  assert.match(without.all, /was not written by this user's brownout on this machine/);
  assert.match(without.all, /brownout undo 20260101-000000-abcd --cluster FILE/);
  assert.ok(existsSync(made));
  const byName = await brownout('undo', RUN);
  assert.equal(byName.code, 4, byName.all);
  const given = await brownout('undo', '--cluster', 'clusters/toy.yaml');
  assert.equal(given.code, 4, given.all);
  assert.match(given.all, /undone +remove/);
  assert.match(given.all, /not undone +power\.on n1: .*names no way to switch nodes/);
  assert.ok(!existsSync(made));
  assert.ok(!existsSync(touched()), 'the command of the journal was not run');
  const power = await brownout('undo', RUN, '--cluster', withPower(`echo {node} > ${touched()}`));
  assert.equal(power.code, 0, power.all);
  assert.equal(readFileSync(touched(), 'utf8'), 'n1\n');
});

test('a header that was changed after it was written is from elsewhere', async () => {
  for (const change of ['n*', 'echo before', inToy()]) {
    const file = own([{ verb: 'power.on', args: { node: 'n1' } }], clusterOf(commands('echo before {node}')));
    const [header, ...entries] = readFileSync(file, 'utf8').split('\n');
    const { sum: _, ...changed } = JSON.parse(header!.replaceAll(change, 'touch'));
    writeFileSync(file, [sealLine(changed, ''), ...entries].join('\n'));
    const { code, all } = await brownout('undo');
    assert.equal(code, 4, all);
    assert.match(all, /was not written by/, change);
    rmSync(path.join(project, '.brownout'), { recursive: true });
  }
});

test('a project that has moved on this machine is known; a copy of its recordings in another is not', async () => {
  namespace(OWN, RUN);
  own([remove()]);
  const first = project;
  project = mkdtempSync(path.join(home, 'project-'));
  cpSync(first, project, { recursive: true });
  const copy = await brownout('undo');
  assert.equal(copy.code, 4, copy.all);
  assert.ok(existsSync(inToy(OWN)));
  const given = await brownout('undo', '--cluster', 'clusters/toy.yaml');
  assert.equal(given.code, 0, given.all);
  assert.ok(!existsSync(inToy(OWN)));

  rmSync(project, { recursive: true });
  renameSync(first, project);
  const moved = await brownout('undo');
  assert.equal(moved.code, 0, moved.all);
  assert.ok(!existsSync(inToy(OWN)));
});

test('on another machine, too, the cluster file is enough', async () => {
  namespace(OWN, RUN);
  own([remove()]);
  const state = process.env.XDG_STATE_HOME;
  process.env.XDG_STATE_HOME = path.join(home, 'other-machine');
  try {
    assert.equal((await brownout('undo')).code, 4);
    const { code, all } = await brownout('undo', '--cluster', 'clusters/toy.yaml');
    assert.equal(code, 0, all);
  } finally {
    process.env.XDG_STATE_HOME = state;
  }
  assert.ok(!existsSync(inToy(OWN)));
});

test('a cluster file of another cluster is not one that the journal of this run is undone on', async () => {
  const made = namespace(OWN, RUN);
  const other = readFileSync(path.join(project, 'clusters', 'toy.yaml'), 'utf8').replace('../.toy', '../.other');
  writeFileSync(path.join(project, 'clusters', 'other.yaml'), other);
  foreign([remove()]);
  const { code, all } = await brownout('undo', '--cluster', 'clusters/other.yaml');
  assert.equal(code, 4, all);
  assert.ok(existsSync(made));
});

test('only verbs that undo are carried out, with arguments that they take; the others of the journal all the same', async () => {
  const made = namespace(OWN, RUN);
  const refused: Act[] = [
    ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'power.constructor', 'nonsense', ''].map((verb) => ({
      verb,
      args: { namespace: OWN, node: 'n1' },
    })),
    { verb: 'deploy', args: { namespace: OWN, manifest: '{}', labels: {} } },
    { verb: 'member.stop', args: { namespace: OWN, node: 'n1', member: 'web.1' } },
    { verb: 'lock.take', args: { run: RUN, owner: 'x' } },
    { verb: 'power.off', args: { node: 'n1' } },
    { verb: 'remove', args: {} },
    { verb: 'remove', args: { namespace: ['x'] } },
    { verb: 'remove', args: { namespace: 'brownout-/../../x' } },
    { verb: 'remove', args: [] as never },
    { verb: 'lock.release', args: { run: '20260101-000000-else' } },
  ];
  own([remove(), ...refused], clusterOf(commands(`touch ${touched()} {node}`)));
  const began = performance.now();
  const { code, all } = await brownout('undo');
  assert.ok(performance.now() - began < AT_ONCE, 'what never will succeed is not tried for minutes');
  assert.equal(code, 4, all);
  assert.match(all, /^undone +remove brownout-hello-abcd$/m);
  assert.equal(all.match(/^undone/gm)?.length, 1, all);
  assert.equal(all.match(/^not undone/gm)?.length, refused.length, all);
  assert.ok(!existsSync(made));
  assert.ok(!existsSync(touched()));
  // What was refused is not forgotten.
  assert.equal((await brownout('undo')).code, 4);
});

test('nothing outside the allow-list is touched, and nothing that another made', async () => {
  const prod = namespace('prod', RUN);
  const unlabelled = namespace('brownout-unlabelled', undefined);
  const another = namespace('brownout-another', '20260101-000000-else');
  const power = clusterOf(commands(`touch ${touched()} {node}`));
  const names = ['prod', 'brownout-unlabelled', 'brownout-another'];
  own([...names.map(remove), { verb: 'power.on', args: { node: 'm1' } }], power);
  const began = performance.now();
  const { code, all } = await brownout('undo');
  assert.ok(performance.now() - began < AT_ONCE);
  assert.equal(code, 4, all);
  assert.match(all, /remove prod: remove: namespace prod is outside allow\.namespaces.*\n +What to do: .*widen/);
  assert.match(all, /remove brownout-unlabelled: .*was not made by/);
  assert.match(all, /remove brownout-another: .*was not made by/);
  assert.match(all, /power\.on m1: power\.on: node m1 is outside allow\.nodes/);
  assert.ok([prod, unlabelled, another].every((each) => existsSync(each)));
  assert.ok(!existsSync(touched()));
});

test('what is found by its label is what has one', async () => {
  const unlabelled = namespace('brownout-unlabelled', undefined);
  const labelled = namespace('brownout-left', RUN);
  const { code, all } = await brownout('undo', '--cluster', 'clusters/toy.yaml');
  assert.equal(code, 0, all);
  assert.ok(existsSync(unlabelled));
  assert.ok(!existsSync(labelled));
});
