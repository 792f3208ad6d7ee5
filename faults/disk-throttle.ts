import { z } from 'zod';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { actOnAll, memberArgs, membersOf, undoAll } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  iops: z.int().min(1).max(100_000).meta({ description: 'Requests a second that its disk does, of each kind.' }),
  hold: duration.prefault('60s').meta({ description: 'How long its disk is slow.' }),
});

/** The disk of a member becomes slow, as on a storage that others use up. */
export const diskThrottle: Fault<z.output<typeof options>> = {
  name: 'disk-throttle',
  summary: "limits the requests of a member's disk, until `hold` is over",
  options,
  needs: () => ['member.disk', 'member.settings'],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { iops }) {
    const members = membersOf(targets);
    const done = await actOnAll(world, members, (args) => [
      { verb: 'member.disk', args: { ...args, iops: String(iops) } },
      { verb: 'member.disk', args },
    ]);
    const lookAt = (timeout: number, wanted: number | null) =>
      lookForAll(members, timeout, async (member) => {
        const { iops: now } = await ask<{ iops: number | null }>(world, 'member.settings', memberArgs(world, member));
        const what = `${member.service} on ${member.node}: its disk does ${now === null ? 'what it can' : `${now} requests a second`}`;
        return now === wanted ? what : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, iops),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, null),
    };
  },
};
