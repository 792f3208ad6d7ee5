import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { actOnAll, membersOf } from './targets.ts';

const options = z
  .strictObject({
    member: memberSelector,
    signal: z
      .enum(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT'])
      .optional()
      .meta({ description: 'SIGKILL, unless said, is a crash; SIGTERM asks it to end.' }),
    grace: duration
      .refine((ms) => ms % 1000 === 0, { error: 'expected whole seconds' })
      .optional()
      .meta({
        description:
          'Instead: the platform is told to delete the member, and it has this long to end; 0s does not wait for it.',
      }),
  })
  .refine(({ signal, grace }) => signal === undefined || grace === undefined, {
    error: '`signal` and `grace` exclude each other',
  });

/**
 * A crash: the main process of a member ends at once; or, with `grace`, the member is deleted. There is nothing to heal; the
 * platform starts another, or not.
 */
export const memberKill: Fault<z.output<typeof options>> = {
  name: 'member-kill',
  summary: 'kills a member (container) of a service, or deletes it',
  options,
  needs: ({ grace }) => [grace === undefined ? 'member.kill' : 'member.delete'],
  hold: () => 0,
  aim: (world, { member }) => chooseMembers(world, member),
  means: ({ grace }) => ({ kind: grace === undefined ? 'restart' : 'replacement' }),

  async inject(world, targets, { signal = 'SIGKILL', grace }) {
    const members = membersOf(targets);
    const how: Record<string, string> = grace === undefined ? { signal } : { grace: String(grace / 1000) };
    const verb = grace === undefined ? 'member.kill' : 'member.delete';
    const done = await actOnAll(world, members, (args) => [{ verb, args: { ...args, ...how } }]);
    const before = members.filter((_, index) => (done[index]!.answer as { gone?: true } | null)?.gone);
    if (before.length > 0) {
      const which = before.map(({ id, node }) => `${id} on ${node}`).join(', ');
      throw new OperatorError(`${which} had ended before it was killed: what users see of that is not this fault`);
    }
    return {
      confirm: (timeout) =>
        lookForAll(members, timeout + (grace ?? 0), async (member) => {
          const condition = await world.platform.condition(member);
          return condition === 'gone' ? `${member.service} on ${member.node}: ${member.id} runs no more` : undefined;
        }),
      async heal() {},
      // Nothing is left to heal; it is over once the platform has taken note and the dead are no members any more.
      confirmHealed: (timeout) =>
        lookForAll(members, timeout, async (member) => {
          const { id, service } = member;
          const left = await world.platform.members(world.namespace, service);
          // A list may lack it only because its node was slow to tell.
          const isGone = !left.some((other) => other.id === id) && (await world.platform.condition(member)) === 'gone';
          return isGone ? `${service}: ${id} is no member any more` : undefined;
        }),
    };
  },
};
