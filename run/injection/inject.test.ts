import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, World } from '../../faults/fault.ts';
import { verbs as kubernetes } from '../../platforms/kubernetes/verbs/index.ts';
import type { Verbs } from '../../platforms/platform.ts';
import { powerVerbs } from '../../platforms/power/verbs.ts';
import { verbs as proxmox } from '../../platforms/proxmox/verbs/index.ts';
import { verbs as swarm } from '../../platforms/swarm/verbs.ts';
import type { Recorder } from '../../recording/recorder.ts';
import type { Actor } from '../journal/actor.ts';
import { Journal } from '../journal/journal.ts';
import { RETRY_TIME } from '../journal/undo.ts';
import { act, confirmAll, healAll, holdAll, injectAll, type LiveFault, LONGEST_HEAL } from './inject.ts';

test('a look that is under way when a stop condition is met may end, and counts', async () => {
  const stop = new AbortController();
  const seen = Promise.withResolvers<{ text: string }>();
  const live = [{ name: 'mine', injection: { confirm: () => seen.promise } }] as unknown as LiveFault[];
  const recorded: { evidence?: unknown }[] = [];
  const recorder = { record: (event: object) => recorded.push(event) } as unknown as Recorder;
  const confirming = confirmAll(live, recorder, { stopped: stop.signal });
  stop.abort();
  await new Promise(setImmediate);
  seen.resolve({ text: 'it is there' });
  await confirming;
  assert.deepEqual(
    recorded.map(({ evidence }) => evidence),
    [{ text: 'it is there' }],
  );
});

test('what ends a run ends the confirming of its faults, and no further fault is begun; what is seen later is no evidence', async () => {
  const end = new AbortController();
  const seen = Promise.withResolvers<string>();
  const live = [{ name: 'mine', injection: { confirm: () => seen.promise } }] as unknown as LiveFault[];
  const recorded: unknown[] = [];
  const recorder = { record: (event: unknown) => recorded.push(event) } as unknown as Recorder;
  const confirming = confirmAll(live, recorder, { aborted: end.signal });
  end.abort();
  await confirming;
  seen.resolve('it is there');
  await new Promise(setImmediate);
  assert.deepEqual(recorded, []);
  const never = { use: { fault: 'mine', options: {} }, fault: { inject: () => assert.fail() }, targets: [] };
  assert.deepEqual(await injectAll([never as never], {} as World, {} as never, { signal: end.signal }), []);
});

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

test('a fault that never ends is given up, with its name: its act is in the journal, and it can act no more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-inject-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  const performed: string[] = [];
  // Its second act never ends either.
  const actor = {
    check() {},
    perform: ({ args: { node } }: { args: { node: string } }) => {
      performed.push(node);
      return node === 'w2' ? new Promise(() => {}) : Promise.resolve(null);
    },
  };
  const off = (node: string) => ({ verb: 'power.off', args: { node } });
  const on = (node: string) => ({ verb: 'power.on', args: { node } });
  let late: Promise<unknown> | undefined;
  const fault = {
    name: 'mine',
    hold: () => 0,
    async inject(world: { act(does: object, undo: object): Promise<unknown> }) {
      await world.act(off('w1'), on('w1'));
      void world.act(off('w2'), on('w2'));
      await sleep(400);
      late = world.act(off('w3'), on('w3'));
      late.catch(() => undefined);
      return new Promise(() => {});
    },
  };
  const recorder = { clock: { now: () => performance.now() }, record() {} };
  const aimed = { use: { fault: 'mine', options: {} }, fault: fault as unknown as Fault, targets: [] };
  const context = { journal, actor: actor as unknown as Actor, recorder: recorder as unknown as Recorder };
  const injecting = injectAll([aimed as never], {} as World, context, { longest: 100 });
  await assert.rejects(injecting, { name: 'OperatorError', message: 'injecting mine: no end within 0.1 s' });
  assert.deepEqual(
    journal.pending().map(({ undo }) => undo?.args.node),
    ['w2', 'w1'],
  );
  await sleep(500);
  await assert.rejects(late!, /too late/);
  assert.deepEqual(performed, ['w1', 'w2']);
  journal.close();
  assert.throws(() => journal.before(off('w4'), on('w4')), /too late/);
  rmSync(folder, { recursive: true });
});

test('a fault that never says whether it is there is given up, with its name', async () => {
  const live = [{ name: 'mine', injection: { confirm: () => new Promise(() => {}) } }] as unknown as LiveFault[];
  await assert.rejects(confirmAll(live, {} as Recorder, { longest: 50 }), {
    message: 'confirming mine: no end within 0.05 s',
  });
});

test('a fault is given as long to be healed as the longest of its undos takes, and one more after it', () => {
  for (const [name, { longest }] of [swarm, kubernetes, proxmox, powerVerbs].flatMap(Object.entries<Verbs[string]>)) {
    // A timer has run out, or nearly, when its fault is healed.
    const takes = longest?.({ seconds: 0 } as never) ?? RETRY_TIME;
    assert.ok(takes + RETRY_TIME <= LONGEST_HEAL, `${name}: ${takes} ms`);
  }
});

test('a fault whose time is over is healed while another is held, and keeps it from nothing; what fails is tried once more', async () => {
  const recorded: string[] = [];
  const recorder = {
    clock: { now: () => performance.now() },
    record: ({ kind, fault }: { kind: string; fault: string }) => recorded.push(`${kind} ${fault}`),
  } as unknown as Recorder;
  const healed: Record<string, number> = {};
  const confirmed = Promise.withResolvers<void>();
  const began = performance.now();
  const live = (name: string, hold: number, more: Partial<LiveFault['injection']> = {}): LiveFault => ({
    name,
    hold,
    injected: { from: began, to: began },
    healed: false,
    isSeenGone: false,
    injection: {
      confirm: async () => undefined,
      heal: async () => {
        healed[name] = (healed[name] ?? 0) + 1;
      },
      confirmHealed: async () => ({ text: 'gone' }),
      ...more,
    },
  });
  let isBroken = true;
  const broken = async () => {
    healed.broken = (healed.broken ?? 0) + 1;
    if (!isBroken) return;
    isBroken = false;
    throw new Error('no way there');
  };
  const slow = async () => confirmed.promise.then(() => ({ text: 'gone' }));
  const all = [live('short', 20, { confirmHealed: slow }), live('broken', 20, { heal: broken }), live('long', 60)];
  await holdAll(all, recorder, new AbortController().signal, () => {});
  assert.deepEqual(healed, { short: 1, broken: 1 }, 'the long one was held, whatever the short one waited for');
  const healing = healAll(all, recorder);
  confirmed.resolve();
  await healing;
  assert.deepEqual(healed, { short: 1, broken: 2, long: 1 });
  assert.deepEqual(recorded.sort(), ['evidence broken', 'evidence long', 'evidence short']);
});

test('healing waits out a control plane that is choosing a leader, and is one act in the recording', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-inject-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  const recorded: { kind: string; healing?: boolean; error?: string }[] = [];
  let tries = 0;
  const actor = {
    check() {},
    longest: () => undefined,
    perform: async () => null,
    async undo() {
      tries++;
      if (tries === 1) throw new TypeError('an incomplete answer');
      return null;
    },
  };
  const recorder = { clock: { now: () => performance.now() }, record: (event: never) => recorded.push(event) };
  const context = { journal, actor: actor as unknown as Actor, recorder: recorder as unknown as Recorder };
  const args = { node: 'w1' };
  const done = await act({ verb: 'drain', args }, { verb: 'undrain', args }, context);
  await done.undo();
  assert.equal(tries, 2);
  assert.deepEqual(
    recorded.map(({ healing, error }) => [healing, error]),
    [
      [undefined, undefined],
      [true, undefined],
    ],
  );
  assert.equal(journal.pending().length, 0);
  journal.close();
  rmSync(folder, { recursive: true });
});

test('a fault that ended by itself before its time is told; one that is there is not, and none is held longer for the look', async (t) => {
  let now = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => now);
  const recorded: { text?: string }[] = [];
  const recorder = {
    clock: { now: () => now },
    record: (event: { text?: string }) => recorded.push(event),
  } as unknown as Recorder;
  const looked: Record<string, number[]> = {};
  const live = (name: string, hold: number, confirm: () => Promise<{ text: string } | undefined>) =>
    ({
      name,
      hold,
      injected: { from: 0, to: 0 },
      injection: {
        confirm: () => {
          looked[name] = [...(looked[name] ?? []), now];
          return confirm();
        },
      },
    }) as unknown as LiveFault;
  const all = [
    live('gone', 60_000, async () => undefined),
    live('there', 60_000, async () => ({ text: 'it is there' })),
    live('silent', 60_000, () => new Promise(() => {})),
    live('broken', 60_000, async () => Promise.reject(new Error('no way there'))),
  ];
  let isOver = false;
  const holding = holdAll(all, recorder, new AbortController().signal, () => {}).then(() => {
    isOver = true;
  });
  for (; !isOver; now += 500) {
    assert.ok(now < 100_000);
    await new Promise(setImmediate);
    t.mock.timers.tick(500);
  }
  await holding;
  assert.ok(now >= 60_000 && now <= 61_500, `${now}`);
  assert.deepEqual(
    recorded.map(({ text }) => text),
    ['gone was not seen any more shortly before its time was over: it may have ended by itself'],
  );
  assert.deepEqual(Object.keys(looked), ['gone', 'there', 'silent', 'broken']);
});
