/** The life of a run on clusters made of files: a short torture, and what it has found. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sleep } from '../units/sleep.ts';
import { type Bed, createBed, SCENARIO } from './torture/bed.ts';
import { tortureFiles } from './torture/files.ts';
import { follow } from './torture/process.ts';
import { runLives } from './torture/runs.ts';

let bed: Bed;
before(async () => {
  bed = await createBed();
});
after(() => bed.close(false));

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

test('kills, signals and failed writes, a few of each: after undo nothing is left', async () => {
  const { faults } = await tortureFiles({ runs: 20, seed: 1 }, () => {});
  assert.deepEqual(faults, [], 'npm run torture -- --lab files --runs 20 --seed 1');
});
