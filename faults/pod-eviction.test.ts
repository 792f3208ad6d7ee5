/** What the fault makes of the platform's answers; how the answers come about is the platform's (acts/evict.test.ts there). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, Member, MemberCondition, Target } from '../platforms/platform.ts';
import type { ActingWorld } from './fault.ts';
import { podEviction } from './pod-eviction.ts';

const member: Member = { id: 'vote-1:1f3e9c2a', service: 'vote', node: 'w1', state: 'running', ready: true };
const targets: Target[] = [{ kind: 'member', member, node: 'w1', why: '' }];
const refused = { evicted: false, refused: 'This pod has more than one PodDisruptionBudget', forGood: true };

/** A platform that gives these answers, the last one for ever. */
async function inject(answers: Json[], expect?: 'evicted' | 'blocked', conditions: MemberCondition[] = ['running']) {
  let asked = 0;
  const world = {
    namespace: 'x',
    platform: {
      members: async () => [member],
      condition: async () => (conditions.length > 1 ? conditions.shift()! : conditions[0]!),
    },
    act: async () => ({ answer: answers[Math.min(asked++, answers.length - 1)]!, from: 0, undo: async () => {} }),
  } as unknown as ActingWorld;
  const options = podEviction.options.parse({ member: { service: 'vote' }, ...(expect ? { expect } : {}) });
  const injection = await podEviction.inject(world, targets, options);
  return { evidence: await injection.confirm(0), over: await injection.confirmHealed(0), asked };
}

describe('an eviction that never will be granted', () => {
  for (const expect of ['evicted', 'blocked'] as const) {
    it(`is asked for once, seen, and not what was expected (${expect})`, async () => {
      const { evidence, over, asked } = await inject([refused], expect);
      assert.equal(asked, 1);
      assert.deepEqual(
        [evidence?.claim?.met, evidence?.claim?.observed],
        [false, '0 granted, refused: This pod has more than one PodDisruptionBudget'],
      );
      assert.match(evidence!.text, /vote-1:1f3e9c2a stays: This pod has more than one/);
      assert.match(over!.text, /was left alone/);
    });
  }
});

describe('an eviction', () => {
  it('that a budget blocks is what was expected', async () => {
    const { evidence } = await inject([{ evicted: false, blocked: 'keep: needs 2' }], 'blocked');
    assert.equal(evidence?.claim?.met, true);
  });

  it('is proven by a member that runs no more, not by one that was told to go', async () => {
    const conditions: MemberCondition[] = ['running', 'unknown', 'gone'];
    const { evidence } = await inject([{ evicted: true }], 'evicted', conditions);
    assert.deepEqual([evidence?.text, conditions], ['vote-1:1f3e9c2a on w1 is evicted', ['gone']]);
  });

  it('of a member that went by itself proves nothing', async () => {
    await assert.rejects(inject([{ evicted: true, gone: true }], 'evicted'), /gone before its eviction/);
  });
});
