import { z } from 'zod';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { actOnAll, memberArgs, membersOf, undoAll } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  by: duration
    .refine((ms) => ms >= 5000 && ms % 1000 === 0, { error: 'expected whole seconds, at least 5s' })
    .meta({ description: 'How far its clock is put wrong.' }),
  way: z.enum(['ahead', 'back']).prefault('ahead').meta({ description: 'Into the future, or into the past.' }),
  hold: duration
    .prefault('60s')
    .meta({ description: 'How long it stays wrong, unless its own time service mends it.' }),
});

/** A member with a clock of its own has the wrong time: what expires, orders or signs by time is put to the test. */
export const clockStep: Fault<z.output<typeof options>> = {
  name: 'clock-step',
  summary: "puts a member's own clock wrong, and right again after `hold`",
  options,
  needs: () => ['member.clock', 'member.ahead'],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { by, way }) {
    const members = membersOf(targets);
    const wrong = (way === 'ahead' ? by : -by) / 1000;
    const done = await actOnAll(world, members, (args) => [
      { verb: 'member.clock', args: { ...args, wrong: String(wrong) } },
      { verb: 'member.clock', args },
    ]);
    const lookAt = (timeout: number, wanted: number) =>
      lookForAll(members, timeout, async (member) => {
        const { seconds } = await ask<{ seconds: number }>(world, 'member.ahead', memberArgs(world, member));
        const isSo = Math.abs(seconds - wanted) <= 3;
        return isSo ? `${member.service} on ${member.node}: its clock is ${seconds} s ahead of its node's` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, wrong),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, 0),
    };
  },
};
