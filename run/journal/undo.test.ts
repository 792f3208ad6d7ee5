import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Platform } from '../../platforms/platform.ts';
import { until } from '../../units/until.ts';
import type { Actor } from './actor.ts';
import { Journal } from './journal.ts';
import { type UndoStep, undoPending } from './undo.ts';

test('a platform that breaks when it is asked for a node keeps no other act from being undone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-undo-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  journal.before({ verb: 'deploy', args: {} }, { verb: 'remove', args: { namespace: 'ns' } });
  journal.before({ verb: 'power.off', args: { node: 'w1' } }, { verb: 'power.on', args: { node: 'w1' } });
  let looks = 0;
  const platform = {
    async inspect() {
      looks += 1;
      if (looks === 1) throw new TypeError("Cannot read properties of undefined (reading 'items')");
      return { nodes: [{ name: 'w1', ready: true }] };
    },
  };
  const done: string[] = [];
  const actor = { longest: () => undefined, undo: async ({ verb }: { verb: string }) => done.push(verb) };
  await undoPending(journal, actor as unknown as Actor, platform as unknown as Platform, () => {});
  assert.deepEqual(done, ['power.on', 'remove']);
  assert.deepEqual(journal.pending(), []);
  journal.close();
  rmSync(folder, { recursive: true });
});

/** What becomes of one undo, and after how many seconds, by a clock of its own. */
async function undone(
  t: TestContext,
  longest: number | undefined,
  undo: (sleep: (s: number) => Promise<void>) => Promise<unknown>,
): Promise<{ step: UndoStep; after: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-undo-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  journal.before({ verb: 'do', args: {} }, { verb: 'undo', args: {} });
  let now = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => now);
  const sleep = (s: number) => new Promise<void>((resolve) => setTimeout(resolve, s * 1000));
  const actor = { longest: () => longest, undo: () => undo(sleep) } as unknown as Actor;
  let steps: UndoStep[] | undefined;
  void undoPending(journal, actor, {} as Platform, () => {}).then((all) => (steps = all));
  for (; !steps; now += 500) {
    assert.ok(now < 3_600_000, 'it has no end');
    await turn();
    t.mock.timers.tick(500);
    await turn();
  }
  journal.close();
  rmSync(folder, { recursive: true });
  return { step: steps[0]!, after: now / 1000 };
}

test('an undo that does not end is given up after two minutes', async (t) => {
  const { step, after } = await undone(t, undefined, () => new Promise(() => {}));
  assert.equal(step.error, 'it was tried: no end within 120 s');
  assert.ok(after >= 120 && after < 122, `${after} s`);
});

test('one that says that it takes longer is given that, and is not begun again when that is over', async (t) => {
  const { step, after } = await undone(t, 660_000, (sleep) => sleep(590));
  assert.equal(step.error, undefined);
  assert.ok(after >= 590 && after < 592, `${after} s`);
  t.mock.reset();
  const inVain = await undone(t, 660_000, async (sleep) => {
    await sleep(600);
    throw new Error('it may still be shutting down');
  });
  assert.equal(inVain.step.error, 'it may still be shutting down');
  assert.ok(inVain.after >= 600 && inVain.after < 602, `${inVain.after} s`);
});

test('one that fails at once is hopeless after two minutes, however long it might have taken', async (t) => {
  const { step, after } = await undone(t, 660_000, () => Promise.reject(new Error('no such outlet')));
  assert.equal(step.error, 'no such outlet');
  assert.ok(after >= 115 && after < 122, `${after} s`);
});

test('an undo waits for a program of its act that outlives the process that began it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-undo-'));
  const file = join(folder, 'journal.jsonl');
  const [begun, isOff, daemon] = ['begun', 'off', 'daemon'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const killed = `
    import { act } from '${import.meta.dirname}/../injection/inject.ts';
    import { runProgram } from '${import.meta.dirname}/../../processes/program.ts';
    import { Journal } from '${import.meta.dirname}/journal.ts';
    const journal = Journal.create('${file}', 'r', {});
    // With a daemon that stays, as an agent of keys does.
    const off = ['-c', 'setsid sleep 60 & echo $! > ${daemon}; : > ${begun}; sleep 1; : > ${isOff}'];
    const actor = { check() {}, perform: () => runProgram('/bin/sh', off, { timeout: 60_000 }) };
    const recorder = { clock: { now: () => 0 }, record() {} };
    const args = { node: 'w1' };
    await act({ verb: 'power.off', args }, { verb: 'power.restore', args }, { journal, actor, recorder });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', killed], { stdio: 'inherit' });
  await until('the act has begun', () => existsSync(begun), { timeout: 30_000 });
  child.kill('SIGKILL');
  const journal = Journal.open(file);
  const seen: boolean[] = [];
  const actor = { longest: () => undefined, undo: async () => seen.push(existsSync(isOff)) } as unknown as Actor;
  const platform = { inspect: async () => ({ nodes: [{ name: 'w1', ready: true }] }) } as unknown as Platform;
  const steps = await undoPending(journal, actor, platform, () => {});
  process.kill(Number(readFileSync(daemon, 'utf8')), 'SIGKILL');
  assert.deepEqual([steps[0]?.error, seen], [undefined, [true]]);
  journal.close();
  rmSync(folder, { recursive: true });
});
