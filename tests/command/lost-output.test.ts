/** Standard output on a disk that is full, or fills up: nothing that goes on ends for it, and nothing of it is a success. Whole commands on the cluster of examples/. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';
import { until } from '../until.ts';

const MAIN = path.join(import.meta.dirname, '../../cli/main.ts');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-lost-output-'));
const disk = path.join(project, 'small');
const DISK = 16 * 1024;
const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

before(() => {
  copyExamples(project);
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
});
beforeEach(() => {
  for (const name of readdirSync(disk)) rmSync(path.join(disk, name));
});
after(() => {
  execFileSync('umount', [disk]);
  rmSync(project, { recursive: true, force: true });
});

/** Of the streams of the command that do not go to that file, the text. */
async function into(file: string, which: 1 | 2, ...words: string[]): Promise<{ code: number; other: string }> {
  const fd = openSync(file, 'a');
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: project,
    stdio: ['ignore', which === 1 ? fd : 'pipe', which === 2 ? fd : 'pipe'],
  });
  closeSync(fd);
  let other = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      other += chunk;
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, other })));
}

/** A file with room for so many bytes more. */
function almostFull(room: number): string {
  const log = path.join(disk, 'log');
  writeFileSync(log, 'x'.repeat(DISK - room));
  return log;
}

const LOST = /standard output cannot be written: ENOSPC/;

test('a run whose log fills up goes on to its end and cleans up; it is no success and no refusal, in what a gate reads, too', async () => {
  const log = almostFull(200);
  const gate = path.join(project, 'junit.xml');
  const run = ['run', 'scenarios/killed.yaml', ...CLUSTER, '--no-allure', '--junit', gate];
  const { code, other } = await into(log, 1, ...run);
  assert.match(other, LOST);
  assert.equal(statSync(log).size, DISK, 'all that there is room for is there');
  const [name] = readdirSync(path.join(project, '.brownout', 'runs'));
  const { verdict } = JSON.parse(readFileSync(path.join(project, '.brownout', 'runs', name!, 'findings.json'), 'utf8'));
  assert.equal(code, { pass: 2, unknown: 2, fail: 1 }[verdict as 'pass'], other);
  assert.match(readFileSync(gate, 'utf8'), /ENOSPC/);
  const undo = startBrownout(project, 'undo');
  assert.equal(await undo.ended, 0, undo.output());
  assert.match(undo.output(), /Nothing to undo/);
});

test('what of a run is told on standard error ends it no more than that', async () => {
  const run = ['run', 'scenarios/killed.yaml', ...CLUSTER, '--no-allure', '--json'];
  const { code, other } = await into(almostFull(200), 2, ...run);
  const [{ verdict }] = JSON.parse(other).outcomes;
  assert.equal(code, { pass: 2, unknown: 2, fail: 1 }[verdict as 'pass']);
});

test('a result of which only the beginning has room is no success', async () => {
  const { code, other } = await into(almostFull(20), 1, 'check', 'scenarios');
  assert.equal(code, 3, other);
  assert.match(other, LOST);
});

for (const [words, wanted] of [
  [['check', 'scenarios'], 3],
  [['plan', 'scenarios/killed.yaml', ...CLUSTER, '--json'], 3],
  [['runs'], 3],
  [['completion', 'bash'], 3],
  [['--help'], 3],
  // What it undid is undone, and nobody has heard it.
  [['undo'], 2],
] as const) {
  test(`'${words[0]}' of which nothing can be written is no success`, async () => {
    const { code, other } = await into('/dev/full', 1, ...words);
    assert.equal(code, wanted, other);
    assert.match(other, LOST);
  });
}

test('a part that ends the process once a run has begun does not make a refusal of it', async () => {
  const fault = path.join(project, 'faults', 'member-stop.ts');
  const whole = readFileSync(fault, 'utf8');
  // In the command alone, which loads it as the worker does.
  writeFileSync(
    fault,
    `if (!process.env.TEST_WORKER_INDEX) setTimeout(() => process.exit(0), 9_000).unref();\n${whole}`,
  );
  const running = startBrownout(project, 'run', 'scenarios/stopped.yaml', ...CLUSTER, '--no-allure');
  const code = await running.ended;
  writeFileSync(fault, whole);
  assert.match(running.output(), /member-stop\.ts:1:\d+ called process\.exit/);
  assert.equal(code, 2, running.output());
  // The run heals by itself; until then it is still going on.
  await until('nothing is left', async () => (await startBrownout(project, 'undo').ended) === 0, 60_000);
});
