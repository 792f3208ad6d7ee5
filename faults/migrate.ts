import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { chooseMembers, memberSelector } from './selector.ts';
import { memberArgs, membersOf, undoAll } from './targets.ts';

const options = z.strictObject({
  member: memberSelector,
  how: z
    .enum(['live', 'relocate'])
    .prefault('live')
    .meta({ description: 'While it runs, or through a stop here and a start there.' }),
  hold: duration.prefault('60s').meta({ description: 'How long it stays there, before it comes back.' }),
});

/** A member is moved to another node on purpose, and back. What users notice of it is the question. */
export const migrate: Fault<z.output<typeof options>> = {
  name: 'migrate',
  summary: 'moves a member to another node, alive or by a restart, and back after `hold`',
  options,
  needs: ({ how }) => [verbOf(how), backOf(how)],
  hold: ({ hold }) => hold,
  aim: (world, { member }) => chooseMembers(world, member),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { how }) {
    const moves = membersOf(targets).map((member) => ({ member, target: targetFor(world, member) }));
    const verb = verbOf(how);
    const done = await Promise.all(
      moves.map(({ member, target }) => {
        const args = memberArgs(world, member);
        return world.act({ verb, args: { ...args, target } }, { verb: backOf(how), args });
      }),
    );
    // What was asked for was accepted, which is not to say that it happens: the member itself is looked for.
    const lookAt = (timeout: number, placeOf: (move: (typeof moves)[number]) => string) =>
      lookForAll(moves, timeout, async (move) => {
        const { member } = move;
        const now = await world.platform.members(world.namespace, member.service);
        const there = now.find(
          ({ instance, node, ready }) => instance === member.instance && node === placeOf(move) && ready,
        );
        return there ? `${member.service}: ${there.id} runs on ${there.node}` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(Math.max(timeout, MOVE_TIMEOUT), ({ target }) => target),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, ({ member }) => member.node),
    };
  },
};

/** A request waits for two rounds of the platform, then the memory moves. The way back has ended when it is healed. */
const MOVE_TIMEOUT = 120_000;

const verbOf = (how: 'live' | 'relocate') => (how === 'live' ? 'member.migrate' : 'member.relocate');
/** Not the same verb the other way: it waits for what its act has begun, and for its end. */
const backOf = (how: 'live' | 'relocate') => `${verbOf(how)}-back`;

/** A node that is allowed, takes members and runs none of its service; else any other. */
function targetFor(world: ActingWorld, member: Member): string {
  const fitting = world.inspection.nodes
    .filter(({ name, ready, schedulable }) => ready && schedulable && world.allowed(name) && name !== member.node)
    .map(({ name }) => name)
    .sort();
  const free = fitting.filter(
    (node) => !world.members.some((other) => other.service === member.service && other.node === node),
  );
  const [target] = free.length > 0 ? free : fitting;
  if (target !== undefined) return target;
  throw new OperatorError(`migrate: there is no node that ${member.service} on ${member.node} could move to`, {
    hint: 'nodes that are ready, take members and are in `allow.nodes` are looked for',
  });
}
