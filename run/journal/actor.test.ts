import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { registeredPlatforms } from '../../platforms/index.ts';
import { verbs as kubernetes } from '../../platforms/kubernetes/verbs/index.ts';
import type { Act, Platform } from '../../platforms/platform.ts';
import type { Power } from '../../platforms/power/power.ts';
import { verbs as proxmox } from '../../platforms/proxmox/verbs/index.ts';
import { verbs as swarm } from '../../platforms/swarm/verbs.ts';
import { PermanentError } from '../../units/operator-error.ts';
import { createActor } from './actor.ts';

const allow = { nodes: ['w*'], namespaces: ['brownout-*'] };
const RUN = 'r1';

/** A platform and a power agent that note down what reaches them. */
function actorOn(verbs: Platform['verbs']) {
  const reached: string[] = [];
  const platform = {
    kind: 'some',
    verbs,
    perform: async ({ verb }: Act, run: string) => {
      reached.push(`${verb} for ${run}`);
      return null;
    },
  } as unknown as Platform;
  const note = (what: string) => async (node: string) => {
    reached.push(`${what} ${node}`);
    return {};
  };
  const power: Power = {
    kind: 'some',
    off: note('off'),
    on: async (node) => void (await note('on')(node)),
    state: async () => 'on',
  };
  return { actor: createActor(platform, power, allow, RUN), reached };
}

const tables: Record<string, Platform['verbs']> = { swarm, kubernetes, proxmox };

test('every platform of the suite is looked at here', () => {
  assert.deepEqual(Object.keys(registeredPlatforms()).sort(), Object.keys(tables).sort());
});

for (const [kind, verbs] of Object.entries(tables)) {
  describe(kind, () => {
    const { actor, reached } = actorOn(verbs);
    const refusesUndo = async (verb: string, args: object, message: RegExp) => {
      const before = reached.length;
      await assert.rejects(actor.undo({ verb, args: args as Act['args'] }), (error: Error) => {
        assert.ok(error instanceof PermanentError, `${verb}: ${error}`);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(reached.length, before, verb);
    };

    test('what every object has is no verb', async () => {
      for (const verb of [
        ...Object.getOwnPropertyNames(Object.prototype),
        'prototype',
        'power.constructor',
        'power.',
        '',
      ]) {
        await refusesUndo(verb, {}, /has no verb/);
        await assert.rejects(actor.perform({ verb, args: {} }), PermanentError);
      }
    });

    test('what does something undoes nothing', async () => {
      const args = {
        node: 'w1',
        run: RUN,
        namespace: 'brownout-x',
        manifest: 'x',
        labels: {},
        member: 'x',
        service: 'x',
      };
      const deeds = { deploy: args, 'lock.take': { ...args, owner: 'x' }, 'member.kill': args, 'power.off': args };
      for (const [verb, given] of Object.entries(deeds)) await refusesUndo(verb, given, /is no undo/);
      // The same verb does and undoes: with a run it marks the node.
      await refusesUndo('node.availability', { node: 'w1', availability: 'drain', run: RUN }, /is no undo/);
      await actor.undo({ verb: 'node.availability', args: { node: 'w1', availability: 'active' } });
    });

    test('nodes and namespaces are those of the allow-list, for the power agent too', async () => {
      await refusesUndo('power.on', { node: 'm1' }, /node m1 is outside allow\.nodes/);
      await refusesUndo('power.on', {}, /argument 'node' is undefined/);
      await refusesUndo('power.on', { node: ['w1'] }, /argument 'node'/);
      await refusesUndo('remove', { namespace: 'prod' }, /namespace prod is outside/);
      await refusesUndo('host.remove', { node: 'm1', name: 'brownout-x' }, /node m1 is outside/);
      await refusesUndo('host.remove', { node: 'w1', name: '../networks/x' }, /argument 'name'/);
      await assert.rejects(actor.perform({ verb: 'power.off', args: { node: 'm1' } }), /outside allow\.nodes/);
      await actor.undo({ verb: 'power.on', args: { node: 'w1' } });
      assert.equal(reached.at(-1), 'on w1');
    });

    test("an undo is the run's own", async () => {
      await refusesUndo('lock.release', { run: 'r2' }, /about run "r2"/);
      await actor.undo({ verb: 'lock.release', args: { run: RUN } });
      assert.equal(reached.at(-1), `lock.release for ${RUN}`);
    });

    test('an act whose undo would be refused is not begun', () => {
      const off = { verb: 'power.off', args: { node: 'w1' } };
      assert.throws(() => actor.check(off, { verb: 'power.off', args: { node: 'w1' } }), /is no undo/);
      assert.throws(() => actor.check(off, { verb: 'power.on', args: { node: 'm1' } }), /outside/);
      actor.check(off, { verb: 'power.on', args: { node: 'w1' } });
      actor.check(off, undefined);
    });
  });
}

test("a neighbour's namespace is checked however deep it stands", async () => {
  const { actor } = actorOn(swarm);
  const args = { namespace: 'brownout-x', manifest: 'x', labels: {}, neighbour: { namespace: 'prod', service: 'db' } };
  await assert.rejects(actor.perform({ verb: 'neighbour.deploy', args }), /namespace prod is outside/);
});

test('without a power agent the cluster file is named', async () => {
  const { actor } = { actor: createActor({ kind: 'some', verbs: {} } as Platform, undefined, allow, RUN) };
  await assert.rejects(actor.undo({ verb: 'power.on', args: { node: 'w1' } }), /names no way to switch nodes/);
});

test('an undo that waits says how long: for a shutdown to end, for a machine to boot, for what starts again by a timer', () => {
  const longest = (verbs: Platform['verbs'], verb: string, args: Act['args']) =>
    actorOn(verbs).actor.longest({ verb, args });
  const MINUTE = 60_000;
  // As docs/faults.md promises, and a minute more: it acts when it has waited.
  assert.equal(longest(swarm, 'power.restore', { node: 'w1' }), 11 * MINUTE);
  assert.equal(longest(proxmox, 'host.remove', { node: 'w1', name: 'x' }), 6 * MINUTE);
  const program = { node: 'w1', name: 'brownout-x', seconds: '120' };
  assert.equal(longest(kubernetes, 'program.start', program), 6 * MINUTE);
  assert.equal(longest(kubernetes, 'host.remove', { node: 'w1', name: 'brownout-x' }), undefined);
  assert.throws(() => longest(proxmox, 'host.remove', { node: 'm1', name: 'x' }), PermanentError);
});
