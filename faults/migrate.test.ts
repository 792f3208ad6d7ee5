/** Where a member is moved to, and by what it is brought back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Act, Member, Target } from '../platforms/platform.ts';
import type { ActingWorld } from './fault.ts';
import { migrate } from './migrate.ts';

const member: Member = { id: '7001/4711', service: 'vote', node: 'pve1', state: 'running', ready: true };
const targets: Target[] = [{ kind: 'member', member, node: 'pve1', why: '' }];

for (const [how, verb] of [
  ['live', 'member.migrate'],
  ['relocate', 'member.relocate'],
] as const) {
  test(`a way back of its own is needed, written down before, and leads to where the act came from (${how})`, async () => {
    const acts: (Act | undefined)[] = [];
    const world = {
      namespace: 'x',
      members: [member],
      inspection: { nodes: ['pve1', 'pve2', 'pve3'].map((name) => ({ name, ready: true, schedulable: true })) },
      allowed: (node: string) => node !== 'pve2',
      act: async (does: Act, undo: Act | undefined) => {
        acts.push(does, undo);
        return { answer: null, from: 0, undo: async () => {} };
      },
    } as unknown as ActingWorld;
    const options = migrate.options.parse({ member: { service: 'vote' }, how });
    assert.deepEqual(migrate.needs(options), [verb, `${verb}-back`]);
    await migrate.inject(world, targets, options);
    const args = { namespace: 'x', node: 'pve1', member: '7001/4711' };
    assert.deepEqual(acts, [
      { verb, args: { ...args, target: 'pve3' } },
      { verb: `${verb}-back`, args },
    ]);
  });
}
