/** When a member that was killed is over and done with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member, MemberCondition, Target } from '../platforms/platform.ts';
import type { ActingWorld } from './fault.ts';
import { memberKill } from './member-kill.ts';

const member: Member = { id: '7001/4711', service: 'vote', node: 'pve1', state: 'running', ready: true };
const targets: Target[] = [{ kind: 'member', member, node: 'pve1', why: '' }];

async function over(members: Member[], condition: MemberCondition): Promise<string | undefined> {
  const world = {
    namespace: 'x',
    platform: { members: async () => members, condition: async () => condition },
    act: async () => ({ answer: null, from: 0, undo: async () => {} }),
  } as unknown as ActingWorld;
  const injection = await memberKill.inject(world, targets, memberKill.options.parse({ member: { service: 'vote' } }));
  return (await injection.confirmHealed(0))?.text;
}

test('it is over once its platform counts it no more and its node says that it is gone', async () => {
  assert.equal(await over([{ ...member, id: '7001/4712' }], 'gone'), 'vote: 7001/4711 is no member any more');
  assert.equal(await over([member], 'gone'), undefined, 'the platform has not taken note');
});

test('a list without it, while its node says nothing, proves nothing', async () => {
  assert.equal(await over([{ ...member, id: '7001/-', state: 'starting', ready: false }], 'unknown'), undefined);
  assert.equal(await over([], 'running'), undefined);
});

test('a member that had ended by itself was not killed: nothing is measured of it', async () => {
  const world = { namespace: 'x', act: async () => ({ answer: { gone: true }, from: 0 }) } as unknown as ActingWorld;
  const injecting = memberKill.inject(world, targets, memberKill.options.parse({ member: { service: 'vote' } }));
  await assert.rejects(injecting, /7001\/4711 on pve1 had ended before it was killed/);
});
