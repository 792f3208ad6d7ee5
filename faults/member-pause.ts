import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { actOnAll, membersOf, undoAll } from './targets.ts';

const LONGEST = 1_500_000;

const options = z.strictObject({
  member: memberSelector,
  // After half an hour a frozen member runs again by itself, whatever becomes of the suite.
  hold: duration
    .refine((ms) => ms <= LONGEST, { error: 'expected at most 25m' })
    .prefault('30s')
    .meta({ description: 'How long the member is frozen.' }),
});

/** Frozen, not dead: its connections stay open and nothing on them is answered, as when a machine or a disk hangs. */
export const memberPause: Fault<z.output<typeof options>> = {
  name: 'member-pause',
  summary: 'freezes a member (container) of a service, and lets it run again after `hold`',
  options,
  needs: () => ['member.pause', 'member.unpause'],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets) {
    const members = membersOf(targets);
    const done = await actOnAll(world, members, (args) => [
      { verb: 'member.pause', args },
      { verb: 'member.unpause', args },
    ]);
    const lookAt = (timeout: number, wanted: (condition: string) => boolean) =>
      lookForAll(members, timeout, async (member) => {
        const condition = await world.platform.condition(member);
        return wanted(condition) ? `${member.service} on ${member.node}: ${member.id} is ${condition}` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, (condition) => condition === 'frozen'),
      heal: () => undoAll(done),
      // The platform may have replaced it while it was frozen: then it is gone, and no longer frozen.
      confirmHealed: (timeout) => lookAt(timeout, (condition) => condition === 'running' || condition === 'gone'),
    };
  },
};
