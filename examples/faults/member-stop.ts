import {
  actOnAll,
  chooseMembers,
  duration,
  type Fault,
  lookForAll,
  memberSelector,
  membersOf,
  undoAll,
  z,
} from 'brownout/fault';

const options = z.strictObject({
  member: memberSelector,
  hold: duration.prefault('10s').describe('How long the member is stopped.'),
});

/** SIGSTOP: the process is there, its connections stay open, and it does nothing. */
export const fault: Fault<z.output<typeof options>> = {
  name: 'member-stop',
  summary: 'stops the process of a member, and lets it go on after `hold`',
  options,
  needs: () => ['member.stop', 'member.continue'],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets) {
    const members = membersOf(targets);
    const done = await actOnAll(world, members, (args) => [
      { verb: 'member.stop', args },
      { verb: 'member.continue', args },
    ]);
    const lookAt = (timeout: number, wanted: string[]) =>
      lookForAll(members, timeout, async (member) => {
        const condition = await world.platform.condition(member);
        return wanted.includes(condition) ? `${member.id} on ${member.node} is ${condition}` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, ['frozen']),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, ['running', 'gone']),
    };
  },
};
