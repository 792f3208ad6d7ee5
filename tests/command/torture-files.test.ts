/** The life of a run on clusters made of files: a short torture, and what it has found. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { thisOwner } from '../../platforms/owner.ts';
import { sleep } from '../../units/sleep.ts';
import { type Bed, createBed, SCENARIO } from '../torture/bed.ts';
import { tortureFiles } from '../torture/files.ts';
import { follow } from '../torture/process.ts';
import { runLives } from '../torture/runs.ts';
import { mountsIn, processesIn } from '../torture/sweep.ts';
import { until } from '../until.ts';

let bed: Bed;
/** Where the tortures that are killed here have their folders. */
const temporary = mkdtempSync(path.join(os.tmpdir(), 'brownout-killed-'));
before(async () => {
  bed = await createBed();
});
after(() => {
  bed.close(false);
  rmSync(temporary, { recursive: true, force: true });
});

for (const call of [
  '. folder',
  'run.json.new write',
  'events.jsonl open',
  'journal.jsonl write',
  'journal.jsonl sync',
]) {
  test(`a disk that is full when a run begins (${call}): it is refused, and nothing is left of it`, async () => {
    const project = bed.project(1);
    const [end] = await runLives(project, [{ failing: { call, nth: 1, how: 'ENOSPC', lasting: true } }]);
    assert.equal(end?.kind, 'refused', end?.message);
    assert.match(end.message!, /cannot be recorded/);
    const runs = path.join(project.recordings, 'runs');
    assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
    assert.deepEqual(project.left(0), []);
  });
}

test('interrupted twice before a run has begun: nothing is left, so the code is not 4', async () => {
  const project = bed.project(1);
  const words = ['run', SCENARIO, '--cluster', project.clusters[0]!.file, '--no-allure'];
  const running = follow(project.spawn('cli/main.ts', words));
  // The wire to the runner is there: from now on the command listens to signals.
  while (!project.temporary().some((file) => file.startsWith('brownout-'))) await sleep(5);
  await sleep(50);
  running.child.kill('SIGINT');
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 2, running.output());
});

test('told to end while it undoes what a killed runner left: it does so first, and its code is what it found', async () => {
  const project = bed.project(1);
  const words = ['run', SCENARIO, '--cluster', project.clusters[0]!.file, '--no-allure'];
  const running = follow(project.spawn('cli/main.ts', words));
  while (running.isRunning() && !running.output().includes('steady …')) await sleep(20);
  project.lie(0, [{ of: 'remove', how: 'refuses', times: 2 }]);
  const worker = project.processes().find((each) => each.words.includes('workerProcessEntry'));
  process.kill(worker!.pid, 'SIGKILL');
  while (running.isRunning() && !running.output().includes('Undoing what it left')) await sleep(20);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 2, running.output());
  assert.deepEqual(project.left(0), []);
});

test('the torture itself is killed: what it had started ends, and no folder or full disk of it stays', async () => {
  const words = [path.join(import.meta.dirname, '../torture.ts'), '--lab', 'files', '--runs', '20'];
  const torture = spawn(process.execPath, words, { stdio: 'ignore', env: { ...process.env, TMPDIR: temporary } });
  const beds = () => readdirSync(temporary).map((name) => path.join(temporary, name));
  const processes = () => beds().flatMap((bed) => processesIn(bed));
  await until('runs have begun', () => processes().some(({ words }) => words.includes('prober/main')));
  torture.kill('SIGKILL');
  await until('nothing is left', () => beds().length === 0);
  // Also one that goes on in a folder that is gone.
  assert.deepEqual(processesIn(temporary), []);
});

test('killed together with its keeper: the next one takes away what it left', async () => {
  const gone = spawnSync('true');
  const bed = mkdtempSync(path.join(os.tmpdir(), 'torture-files-'));
  writeFileSync(path.join(bed, 'owner'), thisOwner().replace(/ \d+ \d+ /, ` ${gone.pid} 1 `));
  if (process.getuid?.() === 0) {
    mkdirSync(path.join(bed, 'full'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path.join(bed, 'full')]);
  }
  const sleeper = spawn('sleep', ['1000'], { cwd: bed });
  const ended = once(sleeper, 'exit');
  (await createBed()).close(false);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.deepEqual([existsSync(bed), mountsIn(bed)], [false, []]);
});

test('kills, signals and failed writes, a few of each: after undo nothing is left', async () => {
  const { faults } = await tortureFiles({ runs: 20, seed: 1 }, () => {});
  assert.deepEqual(faults, [], 'npm run torture -- --lab files --runs 20 --seed 1');
});
