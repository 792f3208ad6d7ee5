import { z } from 'zod';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { memberArgs, membersOf, NO_NODE_DOWN } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  signal: z
    .enum(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT'])
    .default('SIGKILL')
    .meta({ description: 'SIGKILL is a crash; SIGTERM asks it to end.' }),
});

/** A crash: the main process of a member ends at once. There is nothing to heal; the platform starts another, or not. */
export const memberKill: Fault<z.output<typeof options>> = {
  name: 'member-kill',
  summary: 'kills a member (container) of a service',
  options,
  needs: () => ['member.kill'],
  hold: () => 0,
  aim: (world, { member }) => chooseMembers(world, member),
  impact: () => NO_NODE_DOWN,

  async inject(world, targets, { signal }) {
    const members = membersOf(targets);
    await Promise.all(
      members.map((member) =>
        world.act({ verb: 'member.kill', args: { ...memberArgs(world, member), signal } }, undefined),
      ),
    );
    return {
      confirm: (timeout) =>
        lookForAll(members, timeout, async (member) => {
          const condition = await world.platform.condition(member);
          return condition === 'gone' ? `${member.service} on ${member.node}: ${member.id} runs no more` : undefined;
        }),
      async heal() {},
      // Nothing is left to heal; it is over once the platform has taken note and the dead are no members any more.
      confirmHealed: (timeout) =>
        lookForAll(members, timeout, async ({ id, service }) => {
          const left = await world.platform.members(world.namespace, service);
          return left.some((member) => member.id === id) ? undefined : `${service}: ${id} is no member any more`;
        }),
    };
  },
};
