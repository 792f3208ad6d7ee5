import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { sleep } from '../units/sleep.ts';
import { duration } from '../units/units.ts';
import { GRACE, lookForAll } from './evidence.ts';
import type { ActingWorld, Fault, PlatformClaim } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { memberArgs, membersOf } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  expect: z.enum(['evicted', 'blocked']).optional().meta({
    description:
      'An objective: every eviction is granted within `patience`, or at least one is refused, since a disruption budget says no.',
  }),
  patience: duration.prefault('60s').meta({
    description: 'How long an eviction that a budget blocks is asked for again, every 5 s, as `kubectl drain` does.',
  }),
});
type Options = z.output<typeof options>;

/** As `kubectl drain` waits between two attempts. */
const RETRY = 5_000;

interface Eviction {
  member: Member;
  /** The budget that said no to the last attempt. */
  blocked?: string;
  /** What else said no to it, in its own words. */
  refused?: string;
  attempts: number;
}

/** As the verb `evict` answers. */
interface Answer {
  evicted: boolean;
  gone?: boolean;
  blocked?: string;
  refused?: string;
  forGood?: boolean;
}

/** Evictions through the platform's eviction API, one after the other: disruption budgets are honoured, and named when they refuse. */
export const podEviction: Fault<Options> = {
  name: 'pod-eviction',
  summary: 'asks for the eviction of members of a service, as a drain does: disruption budgets may say no',
  options,
  needs: () => ['evict'],
  hold: () => 0,
  aim: (world, { member }) => chooseMembers(world, member),
  // When a budget blocks the eviction, no member moves.
  means: ({ expect }) => ({
    kind: expect === 'blocked' ? 'nothing' : 'replacement',
    ...(expect === undefined ? {} : { claim: expect }),
  }),

  async inject(world, targets, { expect, patience }) {
    const evictions: Eviction[] = [];
    for (const member of membersOf(targets)) {
      const eviction = await evict(world, member, expect === 'blocked' ? 0 : patience);
      evictions.push(eviction);
      if (expect === 'blocked' && eviction.blocked !== undefined) break;
    }
    const claim = expect && judged(evictions, expect);
    return {
      async confirm(timeout) {
        const evidence = await lookForAll(evictions, Math.max(timeout, GRACE), async (eviction) => {
          const { member, blocked, refused, attempts } = eviction;
          const often = attempts > 1 ? ` (${attempts} attempts)` : '';
          const why = blocked === undefined ? refused : `blocked by budget ${blocked}`;
          // Not that it was told to go: until it does, it serves.
          const condition = await world.platform.condition(member);
          if (why !== undefined) return condition === 'running' ? `${member.id} stays: ${why}${often}` : undefined;
          return condition === 'gone' ? `${member.id} on ${member.node} is evicted${often}` : undefined;
        });
        return evidence && { ...evidence, ...(claim ? { claim } : {}) };
      },
      async heal() {},
      // Nothing is left to heal; it is over once what was evicted is no member any more.
      confirmHealed: (timeout) =>
        lookForAll(evictions, timeout, async ({ member: { id, service }, blocked, refused }) => {
          if (blocked !== undefined || refused !== undefined) return `${service}: ${id} was left alone`;
          const left = await world.platform.members(world.namespace, service);
          return left.some((member) => member.id === id) ? undefined : `${service}: ${id} is no member any more`;
        }),
    };
  },
};

/** Throws OperatorError for a member that went by itself: whether it would have been evicted, nobody knows. */
async function evict(world: ActingWorld, member: Member, patience: number): Promise<Eviction> {
  const deadline = performance.now() + patience;
  for (let attempts = 1; ; attempts += 1) {
    const { answer } = await world.act({ verb: 'evict', args: memberArgs(world, member) }, undefined);
    const { evicted, gone, blocked, refused, forGood } = answer as unknown as Answer;
    if (gone) throw new OperatorError(`${member.id} was gone before its eviction was granted or refused`);
    if (evicted) return { member, attempts };
    if (forGood || performance.now() + RETRY > deadline) {
      return refused === undefined
        ? { member, blocked: blocked ?? 'of no name', attempts }
        : { member, refused, attempts };
    }
    await sleep(RETRY);
  }
}

function judged(evictions: Eviction[], expect: 'evicted' | 'blocked'): PlatformClaim {
  const blocked = evictions.flatMap(({ blocked }) => blocked ?? []);
  const refused = evictions.flatMap(({ refused }) => refused ?? []);
  const granted = evictions.length - blocked.length - refused.length;
  return {
    what: 'eviction',
    wanted: expect === 'blocked' ? 'one is blocked by a budget' : 'every one is granted',
    observed: [
      `${granted} granted`,
      ...blocked.map((budget) => `blocked by ${budget}`),
      ...refused.map((words) => `refused: ${words}`),
    ].join(', '),
    met: expect === 'blocked' ? blocked.length > 0 : granted === evictions.length,
  };
}
