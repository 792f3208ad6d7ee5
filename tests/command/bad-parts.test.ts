/** Parts of a project that end the process, never settle, never let it end or throw where nobody waits: whole commands on the cluster of examples/. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { copyExamples, hurriedBrownout, type Running, startBrownout } from '../brownout.ts';

const MAIN = path.join(import.meta.dirname, '../../cli/main.ts');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-bad-parts-'));
const part = path.join(project, 'faults', 'bad.ts');
const toy = path.join(project, 'platforms', 'toy', 'toy.ts');
const RUN = '20260101-000000-aaaa';

before(() => copyExamples(project));
afterEach(() => {
  for (const used of ['faults/bad.ts', '.toy', '.brownout'])
    rmSync(path.join(project, used), { recursive: true, force: true });
});
after(() => rmSync(project, { recursive: true, force: true }));

const brownout = (...words: string[]) => ended(startBrownout(project, ...words));
const hurried = (...words: string[]) => ended(hurriedBrownout(project, ...words));

async function ended(running: Running): Promise<{ code: number; all: string }> {
  return { code: await running.ended, all: running.output() };
}

function write(file: string, lines: string[]): void {
  writeFileSync(path.join(project, file), `${lines.join('\n')}\n`);
}

const CHECK = ['check', 'scenarios'];
const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

/** Each is the text of a part; `but` is what must not be said of it. */
const ends: Record<string, string> = {
  'ends the process while it is loaded': 'process.exit(0);',
  'ends it by the name that Node gives it': "import { exit } from 'node:process';\nexit(0);",
  'ends it later': 'setTimeout(() => process.exit(0));\nawait new Promise((done) => setTimeout(done, 30_000));',
  'throws where nobody waits':
    "setTimeout(() => { throw new Error('late'); });\nawait new Promise((done) => setTimeout(done, 30_000));",
  'rejects where nobody waits': "void Promise.reject('late');\nawait new Promise((done) => setTimeout(done, 30_000));",
  'is a proxy that throws': "export const fault = new Proxy({}, { get() { throw new Error('no'); } });",
  'throws what cannot be shown':
    "throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('no'); } });",
  'throws an object without a prototype': 'throw Object.create(null);',
};

for (const [what, text] of Object.entries(ends)) {
  test(`a part that ${what} is refused, by its file`, async () => {
    writeFileSync(part, text);
    const { code, all } = await brownout(...CHECK);
    assert.equal(code, 3, all);
    assert.match(all, /faults\/bad\.ts/);
    assert.doesNotMatch(all, /not supposed to happen|^✓/m);
  });
}

test('neither plan nor run goes on after a part has ended the process', async () => {
  writeFileSync(part, 'process.exit(0);');
  for (const command of ['plan', 'run']) {
    const { code, all } = await brownout(command, 'scenarios', ...CLUSTER);
    assert.equal(code, 3, all);
    assert.match(all, /faults\/bad\.ts/);
  }
});

test('a part that waits for what never comes is given up, by its file', async () => {
  writeFileSync(part, 'await new Promise(() => {});');
  const { code, all } = await hurried(...CHECK);
  assert.equal(code, 3, all);
  assert.match(all, /faults\/bad\.ts cannot be loaded: .*no end within 30 s/);
});

test('a part that loops for ever while it is loaded is given up, by its place', async () => {
  writeFileSync(part, 'const x: number = 1;\n\n  while (x < 2) {}\n');
  const { code, all } = await brownout(...CHECK);
  assert.equal(code, 3, all);
  assert.match(all, /faults\/bad\.ts:3:\d+ did not end within 30 s/);
});

const good = () =>
  readFileSync(path.join(project, 'faults', 'member-stop.ts'), 'utf8').replace("'member-stop'", "'bad'");

test('a part that only the worker of a run cannot load is one error, by its place', async () => {
  writeFileSync(part, `interface A { a: number }\n\n  if (process.env.TEST_WORKER_INDEX) null.x;\n${good()}`);
  const { code, all } = await brownout('run', 'scenarios', ...CLUSTER, '--no-allure');
  assert.equal(code, 3, all);
  assert.equal(all.match(/faults\/bad\.ts cannot be loaded: .*faults\/bad\.ts:3:\d+\)/g)?.length, 1, all);
  assert.doesNotMatch(all, /OperatorError|playwright|scenarios\.spec|\.spec\.|at import/i);
});

test('what parts print is no result, and no message of the prober', async () => {
  const loud = (where: string) => `console.log('{"from":"${where}"}'); process.stdout.write('half a line');`;
  const greeting = path.join(project, 'probes', 'greeting.ts');
  const probe = readFileSync(greeting, 'utf8');
  writeFileSync(part, `${loud('loading')}\n${good()}`.replace('inject(world, targets) {', `$&\n${loud('injecting')}`));
  writeFileSync(greeting, `${probe}\n${loud('probes')}\nsetInterval(() => { ${loud('probing')} }, 50).unref();\n`);
  write('scenarios/loud.yaml', [
    'title: Parts that print',
    'workload: hello',
    'variant: as-is',
    'steady: 2s',
    'horizon: 10s',
    'faults: [{ bad: { member: { service: web }, hold: 1s } }]',
    'probes: { greeting: { every: 50ms } }',
  ]);
  try {
    const running = startBrownout(project, 'run', 'scenarios/loud.yaml', ...CLUSTER, '--no-allure', '--json');
    let json = '';
    running.child.stdout!.on('data', (chunk) => {
      json += chunk;
    });
    await running.ended;
    const { outcomes } = JSON.parse(json) as { outcomes: { kind: string }[] };
    assert.equal(outcomes[0]?.kind, 'judged', running.output());
  } finally {
    writeFileSync(greeting, probe);
    rmSync(path.join(project, 'scenarios', 'loud.yaml'));
  }
});

test('a part with an open handle keeps no command from ending', async () => {
  writeFileSync(part, `${good()}\nsetInterval(() => {}, 1000);`);
  const { code, all } = await brownout(...CHECK);
  assert.equal(code, 0, all);
  assert.match(all, /^✓/m);
});

test('a project whose files are no modules is refused by check already, with the command that says so', async () => {
  const said = path.join(project, 'package.json');
  const whole = readFileSync(said);
  writeFileSync(said, '{"name":"mine"}');
  try {
    const { code, all } = await brownout(...CHECK);
    assert.equal(code, 3, all);
    assert.match(all, /npm pkg set type=module/);
  } finally {
    writeFileSync(said, whole);
  }
});

test('a project whose package.json is none is refused, by that', async () => {
  const said = path.join(project, 'package.json');
  const whole = readFileSync(said);
  writeFileSync(said, '{broken');
  try {
    const { code, all } = await brownout(...CHECK);
    assert.equal(code, 3, all);
    assert.match(all, /package\.json/);
    assert.doesNotMatch(all, /not supposed to happen/);
  } finally {
    writeFileSync(said, whole);
  }
});

test('a summary for a pipe that nobody reads is refused, and not waited for', async () => {
  const pipe = path.join(project, 'pipe');
  spawnSync('mkfifo', [pipe]);
  const { code, all } = await brownout('run', 'scenarios/killed.yaml', ...CLUSTER, '--summary', 'pipe');
  assert.equal(code, 3, all);
  assert.match(all, /ENXIO.*pipe/);
  rmSync(pipe);
});

test('a workload whose manifest never comes is given up by check, too', async () => {
  const hello = path.join(project, 'fixtures', 'hello', 'workload.ts');
  const whole = readFileSync(hello, 'utf8');
  writeFileSync(
    hello,
    whole.replace(
      'async deployment({ platform }) {',
      '$&\nawait new Promise((done) => setInterval(() => done, 1000));',
    ),
  );
  try {
    const { code, all } = await hurried('check', 'scenarios/killed.yaml', ...CLUSTER);
    assert.equal(code, 3, all);
    assert.match(all, /killed\.yaml:\d+:\d+: the manifest of hello: no end within 120 s/);
  } finally {
    writeFileSync(hello, whole);
  }
});

for (const seed of ['', ' ', '1e3', '0x10', '-1', '1.5', '4294967296']) {
  test(`'${seed}' is no seed`, async () => {
    const { code, all } = await brownout('plan', 'scenarios/killed.yaml', ...CLUSTER, `--seed=${seed}`);
    assert.equal(code, 3, all);
    assert.match(all, /--seed takes a whole number/);
  });
}

test('results that cannot be written are no success', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...CHECK], {
    cwd: project,
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  assert.equal(status, 3, stderr);
  assert.match(stderr, /standard output cannot be written: ENOSPC/);
});

/** Three namespaces of a run that was killed, oldest first, and a journal that says so. */
function pendingOfThree(): string[] {
  const names = ['brownout-one', 'brownout-two', 'brownout-three'];
  const dir = path.join(project, '.brownout', 'runs', RUN);
  mkdirSync(dir, { recursive: true });
  const lines: object[] = [
    { version: 1, run: RUN, cluster: { platform: 'toy', name: 'toy' }, project: '/x', owner: 'elsewhere 1 1' },
  ];
  for (const [index, namespace] of names.entries()) {
    mkdirSync(path.join(project, '.toy', namespace), { recursive: true });
    writeFileSync(path.join(project, '.toy', namespace, 'run'), RUN);
    lines.push({ id: index + 1, does: { verb: 'deploy', args: {} }, undo: { verb: 'remove', args: { namespace } } });
  }
  writeFileSync(path.join(dir, 'journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return names.map((name) => path.join(project, '.toy', name));
}

/** What the platform's `remove` does first when it is about the namespace that is undone first. */
async function undoWith(statement: string): Promise<{ code: number; all: string; left: boolean[] }> {
  const folders = pendingOfThree();
  const place = 'const home = join(reach.folder, args.namespace);\n    const run';
  return withToy(place, `if (args.namespace === 'brownout-three') ${statement}\n${place}`, async () => {
    return { ...(await hurried('undo', RUN, ...CLUSTER)), left: folders.map((folder) => existsSync(folder)) };
  });
}

/** With one place of the platform as it is written there instead. */
async function withToy<T>(place: string, instead: string, work: () => Promise<T>): Promise<T> {
  const whole = readFileSync(toy, 'utf8');
  assert.ok(whole.includes(place));
  writeFileSync(
    toy,
    whole.replace(place, () => instead),
  );
  try {
    return await work();
  } finally {
    writeFileSync(toy, whole);
  }
}

const broken = {
  'ends the process': 'process.exit(0);',
  'does not end': 'await new Promise(() => {});',
  'loops for ever': 'for (;;);',
  'kills its process': "{ process.kill(process.pid, 'SIGKILL'); await sleep(POLL); }",
};

for (const [what, statement] of Object.entries(broken)) {
  test(`an undo that ${what} stays pending, the others are carried out, and the code is 4`, async () => {
    const { code, all, left } = await undoWith(statement);
    assert.equal(code, 4, all);
    assert.match(all, /not undone +remove brownout-three/);
    assert.equal(all.match(/^undone +remove/gm)?.length, 2, all);
    assert.deepEqual(left, [false, false, true]);
  });
}

test('an undo beside which an error is thrown that nobody waits for is told, and the code is 4', async () => {
  const { code, all, left } = await undoWith("setTimeout(() => { throw new Error('late'); });");
  assert.equal(code, 4, all);
  assert.match(all, /toy\/toy\.ts:\d+:\d+: late/);
  assert.deepEqual(left, [false, false, false]);
});

test('of leftovers without a journal, too, one whose removal loops for ever is told, and the others are removed', async () => {
  const folders = pendingOfThree();
  rmSync(path.join(project, '.brownout'), { recursive: true });
  const place = 'const home = join(reach.folder, args.namespace);\n    const run';
  const { code, all } = await withToy(place, `if (args.namespace === 'brownout-three') for (;;);\n${place}`, () =>
    hurried('undo', ...CLUSTER),
  );
  assert.equal(code, 4, all);
  assert.match(all, /not undone +remove brownout-three: .*toy\/toy\.ts:\d+:\d+ did not end within 30 s/);
  assert.deepEqual(
    folders.map((folder) => existsSync(folder)),
    [false, false, true],
  );
});

/** What of the platform never settles, and the words by which that is told. */
const silent: Record<string, [place: string, told: RegExp]> = {
  inspect: ['inspect: async () => inspect(nodes),', /toy: inspecting the cluster: no end within 120 s/],
  leftovers: ['async leftovers(run) {', /toy: what runs have left: no end within 120 s/],
};

for (const [what, [place, told]] of Object.entries(silent)) {
  const never = place.endsWith('{') ? `${place} await new Promise(() => {});` : `${what}: () => new Promise(() => {}),`;

  test(`a platform whose ${what} never settles is given up by plan and run, by its name`, () =>
    withToy(place, never, async () => {
      for (const command of ['plan', 'run']) {
        const { code, all } = await hurried(command, 'scenarios/killed.yaml', ...CLUSTER);
        assert.equal(code, 3, all);
        assert.match(all, told);
      }
    }));
}

test('a platform that tells neither who holds its lock nor what is left: all that is known is undone, and the code is 4', async () => {
  const folders = pendingOfThree();
  const never = 'lockHolder() { await new Promise(() => {});';
  const { code, all } = await withToy('lockHolder() {', never, () =>
    withToy(silent.leftovers![0], `${silent.leftovers![0]} await new Promise(() => {});`, () =>
      hurried('undo', RUN, ...CLUSTER),
    ),
  );
  assert.equal(code, 4, all);
  assert.match(all, silent.leftovers![1]);
  assert.deepEqual(
    folders.map((folder) => existsSync(folder)),
    [false, false, false],
  );
});
