import { z } from 'zod';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { memberArgs, membersOf, undoAll } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  hold: duration.prefault('60s').meta({ description: 'How long its cable is out.' }),
});

/** The cable of a member is pulled: it runs on, its platform sees nothing wrong, and nobody reaches it. */
export const linkDown: Fault<z.output<typeof options>> = {
  name: 'link-down',
  summary: "pulls a member's network cable, and plugs it in again after `hold`",
  options,
  needs: () => ['member.link', 'member.settings'],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets) {
    const members = membersOf(targets);
    const done = await Promise.all(
      members.map((member) => {
        const args = memberArgs(world, member);
        return world.act(
          { verb: 'member.link', args: { ...args, state: 'down' } },
          { verb: 'member.link', args: { ...args, state: 'up' } },
        );
      }),
    );
    const lookAt = (timeout: number, wanted: 'down' | 'up') =>
      lookForAll(members, timeout, async (member) => {
        const { link } = await ask<{ link: string }>(world, 'member.settings', memberArgs(world, member));
        return link === wanted ? `${member.service} on ${member.node}: the link of ${member.id} is ${link}` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, 'down'),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, 'up'),
    };
  },
};
