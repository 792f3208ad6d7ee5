/** When a member that was reset, or whose kernel has panicked, is over and done with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member, MemberCondition, Target } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { ActingWorld } from './fault.ts';
import { memberReset } from './member-reset.ts';

const member: Member = { id: '7001/4711', service: 'vote', node: 'pve1', state: 'running', ready: true };
const targets: Target[] = [{ kind: 'member', member, node: 'pve1', why: '' }];

/** @param seconds since it booted; undefined: it does not answer */
async function over(members: Member[], condition: MemberCondition, seconds?: number): Promise<string | undefined> {
  const world = {
    namespace: 'x',
    platform: {
      members: async () => members,
      condition: async () => condition,
      query: async () => {
        if (seconds === undefined) throw new OperatorError('its agent does not answer');
        return { seconds };
      },
    },
    act: async () => ({ answer: null, from: 0, undo: async () => {} }),
  } as unknown as ActingWorld;
  const options = memberReset.options.parse({ member: { service: 'vote' }, how: 'panic' });
  const injection = await memberReset.inject(world, targets, options);
  return (await injection.confirmHealed(0))?.text;
}

test('it is over once it has booted, or is gone by the word of its node', async () => {
  assert.equal(await over([member], 'running', 0), 'vote: 7001/4711 is up again');
  assert.equal(await over([{ ...member, id: '7001/4712' }], 'gone'), 'vote: 7001/4711 is no member any more');
  assert.equal(await over([member], 'running', 9999), undefined, 'it has not been reset');
});

test('a node that does not tell of its guests in time has not lost one', async () => {
  assert.equal(await over([{ ...member, id: '7001/-', state: 'starting', ready: false }], 'unknown'), undefined);
  assert.equal(await over([], 'unknown'), undefined);
});
