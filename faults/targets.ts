import type { Act, Inspection, Member, Target } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { poll } from '../units/until.ts';
import type { ActingWorld, Done, World } from './fault.ts';

// A fault's file finds here all that it asks of its targets.
export { membersOf, nodesOf, servicesOf } from '../platforms/targets.ts';

/** A service by its name. Throws OperatorError, saying what there is, when it has no member. */
export function chooseService(world: World, service: string): Target[] {
  const services = [...new Set(world.members.map((member) => member.service))].sort();
  if (services.includes(service)) return [{ kind: 'service', service, why: 'named by the scenario' }];
  throw new OperatorError(`there is no service '${service}' in ${world.namespace}`, {
    hint: `services there: ${services.join(', ') || 'none'}`,
  });
}

/** The control plane would place members on the node now. */
async function takesMembers({ platform }: World, node: string): Promise<boolean> {
  return isSchedulable(await platform.inspect(), node);
}

/** It would have before the fault. */
export function tookMembers({ inspection }: World, node: string): boolean {
  return isSchedulable(inspection, node);
}

const isSchedulable = ({ nodes }: Inspection, node: string) =>
  nodes.find(({ name }) => name === node)?.schedulable === true;

/**
 * Evidence that a node is closed: each member that it had has ended, as the node itself says; where it had none, it takes none, as it did before.
 * Undefined while there is none. `ended` says the first in the fault's words.
 */
export async function emptied(world: World, node: string, ended: string): Promise<string | undefined> {
  const there = world.members.filter((member) => member.node === node);
  if (there.length === 0) {
    const isClosed = tookMembers(world, node) && !(await takesMembers(world, node));
    return isClosed ? `${node}: takes no members` : undefined;
  }
  const conditions = await Promise.all(there.map((member) => world.platform.condition(member)));
  return conditions.every((condition) => condition === 'gone') ? `${node}: ${ended}` : undefined;
}

/** Evidence that a closed node takes members again, if it did before; undefined while there is none. */
export async function opened(world: World, node: string): Promise<string | undefined> {
  return (await takesMembers(world, node)) === tookMembers(world, node)
    ? `${node}: takes members as before`
    : undefined;
}

/** Checked in two ways: if the power agent is wrong, the node still answers. */
export async function isOff({ power, platform }: ActingWorld, node: string): Promise<boolean> {
  return (await power?.state(node)) === 'off' && !(await platform.answers(node));
}

/** On a busy cluster one answer may come too late, ms. */
const HEARD_WITHIN = 15_000;

/** Throws OperatorError for nodes that do not answer now: that they are silent later would prove nothing. */
export async function refuseSilent({ platform }: ActingWorld, nodes: string[]): Promise<void> {
  const heard = await Promise.all(
    nodes.map((node) => poll(() => platform.answers(node), Boolean, { timeout: HEARD_WITHIN, every: 500 })),
  );
  const silent = nodes.filter((_, index) => !heard[index]);
  if (silent.length === 0) return;
  throw new OperatorError(
    `${silent.join(', ')} cannot be heard from here, so that the power is off could not be proven`,
    {
      hint: 'the suite asks each node itself, beside the power agent, whose word alone may be of another outlet: can it reach the node?',
    },
  );
}

/** Evidence that a node is there again; undefined while there is none. */
export async function backAgain({ platform }: World, node: string): Promise<string | undefined> {
  if (!(await platform.answers(node))) return undefined;
  const { nodes } = await platform.inspect();
  return nodes.find(({ name }) => name === node)?.ready ? `${node}: answers, and is ready` : undefined;
}

/** How an act names a member: its node can find it by this without asking a manager. */
export function memberArgs(world: ActingWorld, member: Member) {
  return { namespace: world.namespace, node: member.node, member: member.id };
}

/** Acts on all of them at the same time. `acts`: what is done to a member, named by these arguments, and what undoes it, if it must be undone. */
export function actOnAll(
  world: ActingWorld,
  members: Member[],
  acts: (args: ReturnType<typeof memberArgs>) => [does: Act, undo?: Act],
): Promise<Done[]> {
  return Promise.all(
    members.map((member) => {
      const [does, undo] = acts(memberArgs(world, member));
      return world.act(does, undo);
    }),
  );
}

/**
 * Runs a program on all of these nodes at the same time, in a node agent of that name: it makes the file BROWNOUT_IN_EFFECT when its work is done, and
 * undoes it when it is told to end.
 */
export function runOnAll(
  world: ActingWorld,
  nodes: string[],
  { name, argv }: { name: string; argv: string[] },
): Promise<Done[]> {
  const { run, toolsImage: image } = world;
  return Promise.all(
    nodes.map((node) =>
      world.act(
        { verb: 'host.run', args: { node, name, run, image, argv, saysWhenInEffect: true } },
        { verb: 'host.remove', args: { node, name } },
      ),
    ),
  );
}

/** Undoes all at the same time; one that fails does not keep the others from being undone, and is thrown at the end. */
export async function undoAll(done: Done[]): Promise<void> {
  const results = await Promise.allSettled(done.map((act) => act.undo()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
