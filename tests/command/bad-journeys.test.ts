/** Journeys that loop for ever or never settle, while they are loaded, before their run, beside it and after it: whole commands on the cluster of examples/. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { copyExamples, hurriedBrownout, type Running, startBrownout } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-bad-journeys-'));
const JOURNEY = 'visit.spec.ts';
const RUN = ['run', JOURNEY, '--cluster', 'clusters/toy.yaml', '--no-allure'];

before(() => {
  copyExamples(project, ['scenarios']);
  write('short.yaml', [
    'title: A hello survives a stop',
    'workload: hello',
    'variant: as-is',
    'steady: 2s',
    'horizon: 10s',
    'faults: [{ member-stop: { member: { service: web }, hold: 2s } }]',
    'probes: { greeting: { every: 50ms } }',
  ]);
});
afterEach(() => {
  assert.equal(existsSync(path.join(project, '.toy')), false, 'nothing of the cluster is left');
  rmSync(path.join(project, '.brownout'), { recursive: true, force: true });
});
after(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, lines: string[]): void {
  writeFileSync(path.join(project, file), `${lines.join('\n')}\n`);
}

const IMPORT = `import { test } from '${root}/fixtures/test.ts';`;
const VISIT = "test('a visit', async ({ brownout }) => { await brownout.run('short.yaml'); });";

async function ended(running: Running): Promise<{ code: number; all: string }> {
  return { code: await running.ended, all: running.output() };
}

const loops: Record<string, [lines: string[], place: RegExp]> = {
  'while it is listed': [[IMPORT, 'for (;;);', VISIT], /visit\.spec\.ts:2:\d+ did not end within 30 s/],
  'before it imports anything of the suite': [
    ['for (;;);', IMPORT, VISIT],
    /visit\.spec\.ts:\d+:\d+ did not end within 30 s/,
  ],
  'only where it is run': [
    [IMPORT, 'if (process.env.TEST_WORKER_INDEX) for (;;);', VISIT],
    /visit\.spec\.ts:2:\d+ did not end within 30 s/,
  ],
  'in its test, before the run': [
    [IMPORT, "test('a visit', async () => {", '  for (;;);', '});'],
    /visit\.spec\.ts:3:\d+ did not end within 30 s/,
  ],
};

for (const [when, [lines, place]] of Object.entries(loops)) {
  test(`a journey that loops for ever ${when} is given up, by its place`, async () => {
    write(JOURNEY, lines);
    const { code, all } = await ended(startBrownout(project, ...RUN));
    assert.equal(code, 3, all);
    assert.match(all, place);
    assert.equal(all.match(/did not end within/g)?.length, 1, all);
  });
}

const never: Record<string, [line: string, told: RegExp]> = {
  'with something that keeps its process': [
    'await new Promise((done) => setTimeout(done, 3_600_000));',
    /visit\.spec\.ts: not loaded within 60 s/,
  ],
  'with nothing else to do': ['await new Promise(() => {});', /visit\.spec\.ts: its process ended while it was loaded/],
};

for (const [how, [line, told]] of Object.entries(never)) {
  test(`a journey that waits for ever while it is listed, ${how}, is given up, by its name`, async () => {
    write(JOURNEY, [IMPORT, line, VISIT]);
    const { code, all } = await ended(hurriedBrownout(project, ...RUN));
    assert.equal(code, 3, all);
    assert.match(all, told);
  });
}

const unfit: Record<string, [lines: string[], told: RegExp]> = {
  'cannot be read': [[IMPORT, "test('a visit', async (", VISIT], /SyntaxError.*visit\.spec\.ts/s],
  'throws while it is loaded': [[IMPORT, "throw new Error('no luck');"], /no luck/],
  'imports what is not there': [["import './nowhere.ts';", IMPORT, VISIT], /nowhere/],
  'ends the process while it is loaded': [[IMPORT, 'process.exit(0);', VISIT], /visit\.spec\.ts/],
  'has no test': [[IMPORT], /No tests found/],
};

for (const [what, [lines, told]] of Object.entries(unfit)) {
  test(`a journey that ${what} is refused, with what there is to know`, async () => {
    write(JOURNEY, lines);
    const { code, all } = await ended(startBrownout(project, ...RUN));
    assert.equal(code, 3, all);
    assert.match(all, told);
  });
}

test('beside a journey that cannot be loaded no scenario is run', async () => {
  write(JOURNEY, [IMPORT, "throw new Error('no luck');"]);
  const { code, all } = await ended(
    startBrownout(project, 'run', 'short.yaml', JOURNEY, '--cluster', 'clusters/toy.yaml'),
  );
  assert.equal(code, 3, all);
  assert.match(all, /No run has begun, and nothing was changed.*no luck/s);
});

test('a journey that runs no scenario is no success: nothing is known', async () => {
  write(JOURNEY, [IMPORT, "test('a visit', async () => {});"]);
  const { code, all } = await ended(startBrownout(project, ...RUN));
  assert.equal(code, 2, all);
  assert.match(all, /No scenario was run/);
});

test('one signal is enough to end a command whose journey loops while it is listed', async () => {
  write(JOURNEY, [IMPORT, "(await import('node:fs')).writeFileSync('loops', '');", 'for (;;);', VISIT]);
  const running = startBrownout(project, ...RUN);
  while (!existsSync(path.join(project, 'loops'))) await new Promise((done) => setTimeout(done, 50));
  process.kill(running.child.pid!, 'SIGTERM');
  const { code, all } = await ended(running);
  assert.equal(code, 2, all);
  // Ended by the signal, and not because it looped.
  assert.doesNotMatch(all, /did not end within|was ended by SIGKILL/);
});

test('a journey that loops beside its run: the place is told, what was done is undone, and nothing is known', async () => {
  write(JOURNEY, [
    IMPORT,
    "test('a visit', async ({ brownout }) => {",
    "  await brownout.run('short.yaml', async () => {",
    '    for (;;);',
    '  });',
    '});',
  ]);
  const { code, all } = await ended(startBrownout(project, ...RUN));
  assert.equal(code, 2, all);
  assert.match(all, /visit\.spec\.ts:4:\d+ did not end within 30 s/);
  assert.match(all, /its process was killed\. Undoing what it left/);
});

test('a journey that goes on for ever after its run keeps nobody who interrupts it', async () => {
  write(JOURNEY, [
    IMPORT,
    "test('a visit', async ({ brownout }) => {",
    "  await brownout.run('short.yaml', () => new Promise(() => {}));",
    '});',
  ]);
  const running = startBrownout(project, ...RUN);
  await running.says(/^Report: /m);
  process.kill(running.child.pid!, 'SIGTERM');
  const { code, all } = await ended(running);
  // All that was judged has passed, and yet nothing has failed: what is left of the journey is not known.
  assert.equal(code, 2, all);
  assert.match(all, /Interrupted before every test had ended/);
});
