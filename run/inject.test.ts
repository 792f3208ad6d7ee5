import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, World } from '../faults/fault.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { Actor } from './actor.ts';
import { act, injectAll } from './inject.ts';
import { Journal } from './journal.ts';

test('when one act of a fault fails, those beside it have ended before anybody can undo them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-inject-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  const ended: string[] = [];
  const actor = {
    check() {},
    async perform({ args }: { args: { node: string } }) {
      if (args.node === 'w1') throw new Error('no way to w1');
      await sleep(30);
      ended.push(args.node);
      return null;
    },
  };
  const off = (node: string) => ({ verb: 'power.off', args: { node } });
  const fault = {
    name: 'node-kill',
    hold: () => 0,
    inject: (world: { act(does: object, undo: object): Promise<unknown> }) =>
      Promise.all(['w1', 'w2'].map((node) => world.act(off(node), { verb: 'power.on', args: { node } }))),
  };
  const recorder = { clock: { now: () => performance.now() }, record() {} };
  const aimed = {
    use: { fault: 'node-kill', options: {} },
    fault: fault as unknown as Fault,
    targets: [],
    meaning: { kind: 'node death' as const },
    nodesDown: [],
  };
  const context = { journal, actor: actor as unknown as Actor, recorder: recorder as unknown as Recorder };
  await assert.rejects(injectAll([aimed], {} as World, context), /no way to w1/);
  assert.deepEqual(ended, ['w2']);
  assert.equal(journal.pending().length, 2);
  journal.close();
  rmSync(folder, { recursive: true });
});

test('what the power agent says of a power cut is told in the report', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-inject-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  const recorded: { kind: string; text?: string }[] = [];
  const recorder = { clock: { now: () => performance.now() }, record: (event: never) => recorded.push(event) };
  const actor = { check() {}, perform: async () => ({ note: 'it forgets nothing' }) };
  const context = { journal, actor: actor as unknown as Actor, recorder: recorder as unknown as Recorder };
  await act({ verb: 'power.off', args: { node: 'w1' } }, undefined, context);
  assert.deepEqual(
    recorded.filter(({ kind }) => kind === 'warning').map(({ text }) => text),
    ['power.off w1: it forgets nothing'],
  );
  journal.close();
  rmSync(folder, { recursive: true });
});
