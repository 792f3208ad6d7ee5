import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { actOnAll, memberArgs, membersOf, undoAll } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  how: z
    .enum(['reset', 'panic'])
    .prefault('reset')
    .meta({ description: 'By its reset button, or a panic of its kernel, which the platform may not notice at all.' }),
  hold: duration
    .prefault('60s')
    .meta({ description: 'How long one whose kernel has panicked is left so, before its reset button is pressed.' }),
});

/** A kernel that says nothing for so long has stopped, ms. */
const SILENCE = 6_000;

/** A member that is a machine of its own starts anew, or stops where it is: what it had in memory is gone, its place is not. */
export const memberReset: Fault<z.output<typeof options>> = {
  name: 'member-reset',
  summary: 'resets a member that is a machine, or makes its kernel panic',
  options,
  needs: ({ how }) => [...(how === 'reset' ? ['member.reset'] : ['member.crash', 'member.revive']), 'member.uptime'],
  hold: ({ how, hold }) => (how === 'reset' ? 0 : hold),
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { how }) {
    const members = membersOf(targets);
    /** Undefined where it does not answer. */
    const uptime = (member: Member) =>
      ask<{ seconds: number }>(world, 'member.uptime', memberArgs(world, member)).then(
        ({ seconds }) => seconds,
        () => undefined,
      );
    const began = performance.now();
    const done = await actOnAll(world, members, (args) =>
      how === 'reset'
        ? [{ verb: 'member.reset', args }]
        : [
            { verb: 'member.crash', args },
            { verb: 'member.revive', args },
          ],
    );
    const silentSince = new Map<string, number>();
    /** One question that fails may be a hiccup of the network, the agent or a token: a machine that has stopped answers none for a while. */
    const isStopped = async (member: Member, seconds: number | undefined): Promise<boolean> => {
      if (seconds !== undefined || !(await world.platform.answers(member.node))) {
        silentSince.delete(member.id);
        return false;
      }
      const since = silentSince.get(member.id) ?? performance.now();
      silentSince.set(member.id, since);
      return performance.now() - since >= SILENCE;
    };
    const isYoung = (seconds: number) => seconds * 1000 < performance.now() - began + 1000;
    return {
      // Its own kernel says when it booted; one that has panicked says nothing any more.
      confirm: (timeout) =>
        lookForAll(members, timeout, async (member) => {
          const seconds = await uptime(member);
          const what = `${member.service} on ${member.node}: ${member.id}`;
          if (how === 'panic')
            return (await isStopped(member, seconds))
              ? `${what} says nothing any more, while its node answers`
              : undefined;
          return seconds !== undefined && isYoung(seconds) ? `${what} booted ${Math.round(seconds)} s ago` : undefined;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(members, timeout, async (member) => {
          // By its own node: a list may lack it only because that node was slow to tell.
          if ((await world.platform.condition(member)) === 'gone')
            return `${member.service}: ${member.id} is no member any more`;
          const seconds = await uptime(member);
          return seconds !== undefined && isYoung(seconds) ? `${member.service}: ${member.id} is up again` : undefined;
        }),
    };
  },
};
