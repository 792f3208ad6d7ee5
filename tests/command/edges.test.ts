/** What a run leaves when its process is killed or its disk is full, on the cluster of examples/: real runs, and no lab. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { execa } from 'execa';
import { loadCluster } from '../../clusters/load.ts';
import { createPlatform } from '../../platforms/index.ts';
import { thisOwner } from '../../platforms/owner.ts';
import { loadPlatform } from '../../run/parts.ts';
import { copyExamples, type Running, startBrownout } from '../brownout.ts';
import { until } from '../until.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-edges-'));
const RECORDINGS = path.join(project, '.brownout');

before(() => {
  copyExamples(project);
  // Held for as long as a busy machine needs to do something to it, and probed as seldom as it can keep up with.
  const scenario = path.join(project, 'scenarios', 'stopped.yaml');
  const text = readFileSync(scenario, 'utf8').replace('hold: 5s', 'hold: 45s').replace('every: 50ms', 'every: 200ms');
  writeFileSync(scenario, text);
});
afterEach(async () => {
  assert.deepEqual(await toyProcesses(), [], 'no process of the cluster is left');
});
after(() => rmSync(project, { recursive: true, force: true }));

const brownout = (...words: string[]) => startBrownout(project, ...words);

/** The processes of the cluster's nodes: each has a folder of it as its last word. */
async function toyProcesses(): Promise<string[]> {
  const { stdout } = await execa('ps', ['-eo', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(path.join(project, '.toy')));
}

/** A process in this project: Playwright's worker, in which the run lives, its runner, or the prober. */
function processOf(word: 'workerProcessEntry' | '--config' | '/probes/prober/main.ts'): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.includes(word) && readlinkSync(`/proc/${pid}/cwd`) === project;
      } catch {
        return false;
      }
    });
}

const runsIn = (folder: string) => {
  const runs = path.join(folder, '.brownout', 'runs');
  return readdirSync(runs)
    .sort()
    .map((name) => path.join(runs, name));
};

const RUN = ['run', 'scenarios/stopped.yaml', '--cluster', 'clusters/toy.yaml', '--no-allure'];

/** Starts the scenario, and resolves once its fault is held. */
async function untilHeld(): Promise<Running> {
  const running = brownout(...RUN);
  await running.says(/hold …/);
  return running;
}

/** With one place of the fault as it is written there instead. */
async function withFault<T>(place: string | RegExp, instead: string, work: () => Promise<T>): Promise<T> {
  const file = path.join(project, 'faults', 'member-stop.ts');
  const whole = readFileSync(file, 'utf8');
  const changed = `import { setTimeout as sleep } from 'node:timers/promises';\n${whole.replace(place, instead)}`;
  assert.ok(changed.includes(instead));
  writeFileSync(file, changed);
  try {
    return await work();
  } finally {
    writeFileSync(file, whole);
  }
}

test('the process that runs the scenario is killed: the command undoes what it left, and nothing is known', async () => {
  const running = await untilHeld();
  process.kill(processOf('workerProcessEntry')!, 'SIGKILL');
  const exitCode = await running.ended;
  const all = running.output();
  assert.match(all, /its process was killed\. Undoing what it left/);
  assert.match(all, /undone +remove brownout-hello-/);
  assert.equal(exitCode, 2, all);
  const undo = brownout('undo');
  assert.equal(await undo.ended, 0);
  assert.match(undo.output(), /Nothing to undo/);
});

test('the runner of the scenarios is killed: its run heals, however long that takes, and the command waits for it and tells how it ended', async () => {
  // Playwright ends its workers 30 s after it was killed.
  const healed = await withFault(
    'heal: () => undoAll(done)',
    'heal: () => sleep(33_000).then(() => undoAll(done))',
    async () => {
      const running = await untilHeld();
      process.kill(processOf('--config')!, 'SIGKILL');
      return { exitCode: await running.ended, all: running.output() };
    },
  );
  const { exitCode, all } = healed;
  assert.doesNotMatch(all, /Undoing what it left/);
  assert.match(all, /runner of the scenarios was ended by SIGKILL/);
  assert.match(all, /UNKNOWN/);
  assert.match(all, /report\.html/);
  assert.equal(exitCode, 2, all);
});

test('the command is killed: its run heals and cleans up, and until then undo says that it goes on, with code 4', async () => {
  const slowly = 'heal: () => sleep(15_000).then(() => undoAll(done))';
  const early = await withFault('heal: () => undoAll(done)', slowly, async () => {
    const running = await untilHeld();
    running.child.kill('SIGKILL');
    await running.ended;
    return brownout('undo');
  });
  assert.equal(await early.ended, 4, early.output());
  assert.match(early.output(), /is still going on \(process \d+\) and is left alone/);
  assert.doesNotMatch(early.output(), /Nothing to undo/);
  await until('the run has ended', async () => processOf('--config') === undefined, 60_000);
  const late = brownout('undo');
  assert.equal(await late.ended, 0, late.output());
  assert.match(late.output(), /Nothing to undo/);
});

test('the prober is killed while a fault is held: nobody watches any more, so it is healed at once, and nothing is known', async () => {
  const running = await untilHeld();
  process.kill(processOf('/probes/prober/main.ts')!, 'SIGKILL');
  const exitCode = await running.ended;
  const all = running.output();
  assert.equal(exitCode, 2, all);
  const findings = JSON.parse(readFileSync(path.join(runsIn(project).at(-1)!, 'findings.json'), 'utf8'));
  const hold = findings.phases.find(({ phase }: { phase: string }) => phase === 'hold');
  assert.ok(hold.to - hold.from < 40_000, all);
  assert.match(JSON.stringify(findings.warnings), /the prober tells nothing any more: the fault is healed at once/);
});

test('a fault that was undone and is not seen to be gone, on a cluster that is not as before, is code 4', async () => {
  const stays = 'confirmHealed: async () => undefined';
  const { exitCode, all } = await withFault(/confirmHealed: .*/, `${stays},`, async () => {
    const running = await untilHeld();
    running.child.kill('SIGINT');
    // A namespace that was not there before.
    const other = mkdtempSync(path.join(project, '.toy', 'mine-'));
    writeFileSync(path.join(other, 'run'), '');
    const exitCode = await running.ended;
    rmSync(other, { recursive: true });
    return { exitCode, all: running.output() };
  });
  assert.equal(exitCode, 4, all);
  assert.match(all, /Not undone: member-stop was healed, but was not seen to be gone \(left behind: namespace mine-/);
  assert.match(all, /All acts are undone: look at what still differs/);
});

test('a signal that comes twice within a moment is one request to stop: all is healed and cleaned up', async () => {
  const running = await untilHeld();
  for (const after of [0, 1, 50]) {
    await new Promise((done) => setTimeout(done, after));
    process.kill(running.child.pid!, 'SIGTERM');
  }
  const exitCode = await running.ended;
  const all = running.output();
  assert.match(all, /undone: remove brownout-hello-/);
  assert.doesNotMatch(all, /Still to be undone/);
  assert.equal(exitCode, 2, all);
});

test('the disk of the recording fills up while a fault is held: all is healed and cleaned up, and nothing is known', async () => {
  mkdirSync(RECORDINGS, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', RECORDINGS]);
  try {
    const running = await untilHeld();
    assert.throws(() => writeFileSync(path.join(RECORDINGS, 'full'), Buffer.alloc(4 * 2 ** 20)), /ENOSPC/);
    const exitCode = await running.ended;
    const all = running.output();
    // Whoever meets it first, the command or its prober.
    assert.match(all, /ENOSPC/);
    assert.match(all, /undone: remove brownout-hello-/);
    assert.match(all, /UNKNOWN/);
    assert.equal(exitCode, 2, all);
    rmSync(path.join(RECORDINGS, 'full'));
    assert.equal(await brownout('undo').ended, 0);
  } finally {
    execFileSync('umount', [RECORDINGS]);
  }
});

test('a folder that cannot be written is refused before anything is changed', async () => {
  rmSync(RECORDINGS, { recursive: true, force: true });
  writeFileSync(RECORDINGS, 'a file stands here');
  const running = brownout(...RUN);
  const exitCode = await running.ended;
  const all = running.output();
  assert.equal(exitCode, 3, all);
  assert.doesNotMatch(all, /not supposed to happen/);
  rmSync(RECORDINGS);
});

test('a lock is whole or not there: one that was killed while it took the lock keeps nobody out', async () => {
  await loadPlatform(project, 'toy');
  const platform = await createPlatform(await loadCluster(path.join(project, 'clusters', 'toy.yaml')));
  const lock = path.join(project, '.toy', 'lock');
  let empty = false;
  const looking = setInterval(() => {
    try {
      empty ||= readFileSync(lock, 'utf8') === '';
    } catch {
      // Nobody holds it at the moment.
    }
  });
  for (let times = 0; times < 200 && !empty; times += 1) {
    await platform.perform({ verb: 'lock.take', args: { run: 'r', owner: thisOwner() } });
    await platform.perform({ verb: 'lock.release', args: { run: 'r' } });
  }
  clearInterval(looking);
  assert.equal(empty, false, 'nobody knows whose an empty lock is');
});

test('a damaged journal is no journal with nothing in it: the file and its line are named, and the code is 4', async () => {
  const run = path.join(RECORDINGS, 'runs', '20260101-000000-abcd');
  mkdirSync(run, { recursive: true });
  writeFileSync(path.join(run, 'journal.jsonl'), '{"version":2,"run":"20260101-000000-ab\n{"id":1}\n');
  const undo = brownout('undo');
  assert.equal(await undo.ended, 4);
  assert.match(undo.output(), /journal\.jsonl:1 is damaged/);
  // Nor where its cluster file is given: what carries no label is not found by it.
  const named = brownout('undo', '20260101-000000-abcd', '--cluster', 'clusters/toy.yaml');
  assert.equal(await named.ended, 4, named.output());
  assert.match(named.output(), /journal\.jsonl:1 is damaged/);
  rmSync(RECORDINGS, { recursive: true });
});

test('of a run that had begun, an empty journal or none is not one with nothing in it, whoever is asked', async () => {
  const running = await untilHeld();
  process.kill(-running.child.pid!, 'SIGKILL');
  await running.ended;
  const worker = processOf('workerProcessEntry');
  if (worker !== undefined) process.kill(worker, 'SIGKILL');
  const [run] = readdirSync(path.join(RECORDINGS, 'runs'));
  const journal = path.join(RECORDINGS, 'runs', run!, 'journal.jsonl');
  const whole = readFileSync(journal);
  for (const damage of [() => writeFileSync(journal, ''), () => rmSync(journal)]) {
    damage();
    for (const words of [['undo'], ['undo', run!], ['undo', run!, '--cluster', 'clusters/toy.yaml']]) {
      const undo = brownout(...words);
      assert.equal(await undo.ended, 4, `${words.join(' ')}: ${undo.output()}`);
      assert.match(undo.output(), /journal\.jsonl/);
    }
  }
  writeFileSync(journal, whole);
  assert.equal(await brownout('undo').ended, 0);
  rmSync(RECORDINGS, { recursive: true });
});
