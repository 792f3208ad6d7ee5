import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { execa } from 'execa';
import type { Findings } from '../../analysis/findings.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { createPlatform } from '../../platforms/index.ts';
import { listRuns, type RunFolder, runsDir } from '../../recording/folder.ts';
import { differences, type Snapshot } from '../../run/snapshot.ts';
import { sleep } from '../../units/sleep.ts';
import { startBrownout } from '../brownout.ts';
import { labCluster } from '../labs/swarm.ts';
import { killTree, tree } from '../processes.ts';

// The life of a run on the lab's Swarm, through the real command: what it says, what it leaves, and when it does not know.

const root = path.resolve(import.meta.dirname, '../..');
const bin = path.join(root, 'cli', 'main.ts');
const scenario = (name: string) => path.join(root, 'tests', 'data', 'run', `${name}.yaml`);
const labFile = path.join(root, 'clusters', 'lab-swarm.yaml');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-run-'));
let cluster: Cluster;
let untouched: Snapshot;

before(async () => {
  cluster = await labCluster();
});
beforeEach(async () => {
  rmSync(runsDir(project), { recursive: true, force: true });
  untouched = await snapshot();
});
// A test that fails half-way must not spoil the next one.
afterEach(async () => {
  await brownout('undo').ended;
});
after(() => rmSync(project, { recursive: true, force: true }));

async function snapshot(): Promise<Snapshot> {
  const platform = await createPlatform(cluster);
  try {
    return await platform.snapshot();
  } finally {
    await platform.close();
  }
}

async function assertUntouched(): Promise<void> {
  assert.deepEqual(differences(untouched, await snapshot()), []);
}

const brownout = (...words: string[]) => startBrownout(project, ...words);
const runIt = (name: string, file = labFile) => brownout('run', scenario(name), '--cluster', file, '--no-allure');
const newestRun = (): RunFolder => listRuns(runsDir(project)).at(-1)!;
const findingsOf = (run: RunFolder): Findings => JSON.parse(readFileSync(run.findings, 'utf8'));

test('an interrupt heals, cleans up and says that the run proves nothing', async () => {
  const running = runIt('node-kill');
  await running.says(/hold …/);
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 2, running.output());
  assert.equal(findingsOf(newestRun()).verdict, 'unknown');
  await assertUntouched();
});

test('a second interrupt stops at once, says what is left, and undo takes it back; twice does no harm', async () => {
  const running = runIt('node-kill');
  await running.says(/hold …/);
  running.child.kill('SIGINT');
  await running.says(/interrupted/);
  // Sooner it would count as the first one that came twice.
  await sleep(1_500);
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 4, running.output());
  assert.match(running.output(), /Still to be undone:\n(.*\n)*.*remove brownout-voting-/);
  assert.match(running.output(), /What to do: brownout undo /);
  const undo = brownout('undo');
  assert.equal(await undo.ended, 0, undo.output());
  assert.match(undo.output(), /undone +remove brownout-voting-/);
  const again = brownout('undo');
  assert.equal(await again.ended, 0);
  assert.match(again.output(), /Nothing to undo/);
  await assertUntouched();
});

test('killed without a word, with its journal lost, a run is found by its label', async () => {
  const running = runIt('stop');
  await running.says(/hold …/);
  killTree(running.child.pid!);
  await running.ended;
  rmSync(runsDir(project), { recursive: true });
  const undo = brownout('undo', '--cluster', labFile);
  assert.equal(await undo.ended, 0, undo.output());
  await assertUntouched();
});

test('while a run is going on, another is refused and undo leaves it alone; its stop condition heals at once, and counts as a failure', async () => {
  const running = runIt('stop');
  await running.says(/steady …/);
  const second = runIt('node-kill');
  assert.equal(await second.ended, 3, second.output());
  assert.match(second.output(), /nobody else here/);
  const undo = brownout('undo', path.basename(newestRun().dir));
  assert.equal(await undo.ended, 4);
  assert.match(undo.output(), /still going on/);
  assert.equal(await running.ended, 1, running.output());
  const findings = findingsOf(newestRun());
  const hold = findings.phases.find(({ phase }) => phase === 'hold')!;
  assert.ok(hold.to - hold.from < 60_000, 'the five minutes of hold were cut short');
  assert.ok(findings.checks.some(({ kind, verdict }) => kind === 'stop-condition' && verdict === 'fail'));
  await assertUntouched();
});

test('a power command that lies gives unknown, never pass', async () => {
  const flag = path.join(project, 'off');
  const lying = path.join(project, 'lying.yaml');
  const command = {
    off: `touch ${flag}-{node}`,
    on: `rm -f ${flag}-{node}`,
    state: `test -e ${flag}-{node} && echo off || echo on`,
  };
  writeFileSync(
    lying,
    readFileSync(labFile, 'utf8').replace(/^power:[\s\S]*?(?=^\w)/m, `power: ${JSON.stringify({ command })}\n`),
  );
  const running = runIt('node-kill', lying);
  assert.equal(await running.ended, 2, running.output());
  const findings = findingsOf(newestRun());
  assert.equal(findings.verdict, 'unknown');
  assert.ok(findings.checks.some(({ kind, verdict }) => kind === 'fault-confirmed' && verdict === 'unknown'));
  assert.deepEqual(globSync(`${flag}-*`), [], 'and it was switched on again');
  await assertUntouched();
});

test('a starved prober gives unknown, and judging the recording again gives the same bytes', async () => {
  const running = runIt('node-kill');
  await running.says(/hold …/);
  const prober = tree(running.child.pid!).find(({ command }) => command.includes('prober/main'))!;
  process.kill(prober.pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  process.kill(prober.pid, 'SIGCONT');
  assert.equal(await running.ended, 2, running.output());
  const run = newestRun();
  const judged = readFileSync(run.findings, 'utf8');
  assert.ok(findingsOf(run).checks.some(({ kind, verdict }) => kind === 'prober-fit' && verdict === 'unknown'));
  const { stdout } = await execa(process.execPath, [bin, 'judge', run.dir, '--json'], {
    cwd: project,
    stripFinalNewline: false,
    reject: false,
  });
  assert.equal(stdout, judged);
});

test('a journey that fails fails the command, whatever the verdict of its scenario', async () => {
  const journey = path.join(root, 'tests', 'data', 'run', 'journey.spec.ts');
  const running = brownout('run', journey, '--cluster', labFile, '--no-allure');
  assert.equal(await running.ended, 1, running.output());
  assert.equal(findingsOf(newestRun()).verdict, 'pass');
  assert.match(running.output(), /what the user wants/);
  await assertUntouched();
});

test('Apache from its file to its verdict: instances tell of themselves, and an outage is attributed to who stopped', async () => {
  const running = runIt('apache-rollout');
  const code = await running.ended;
  // A busy computer may make the verdict unknown, or let a request time out; but the fault must be proven and nothing left.
  assert.ok(code <= 2, running.output());
  const { checks, gauges = [], streams } = findingsOf(newestRun());
  assert.ok(
    checks.some(({ kind, verdict }) => kind === 'fault-confirmed' && verdict === 'pass'),
    running.output(),
  );
  const requests = gauges.find(({ name }) => name === 'requests/s');
  assert.ok((requests?.instances.length ?? 0) > 2, 'the new instances, too');
  assert.ok(requests!.instances.some(({ points }) => points.some(({ value = 0 }) => value > 1)));
  for (const { stream, instances, outages } of streams.filter(({ stream }) => stream.startsWith('page'))) {
    assert.ok(Object.keys(instances).length > 2, `${stream} was served by old and new instances`);
    for (const outage of outages) assert.ok(outage.instances?.before, `${stream}: ${JSON.stringify(outage)}`);
  }
  await assertUntouched();
});

test('a cluster that does not answer is refused, with what to do, and within bounds', async () => {
  const nowhere = path.join(project, 'nowhere.yaml');
  writeFileSync(
    nowhere,
    readFileSync(labFile, 'utf8')
      .replace(/10\.77\.0\.1[123]/g, '127.0.0.1')
      .replaceAll(':2375', ':9'),
  );
  const running = runIt('node-kill', nowhere);
  assert.equal(await running.ended, 3, running.output());
  assert.doesNotMatch(running.output(), /\n\s+at /);
});
