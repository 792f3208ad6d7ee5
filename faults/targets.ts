import type { Member } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { ActingWorld, Done, Impact, Target, World } from './fault.ts';

/** The names of targeted nodes. */
export function nodesOf(targets: Target[]): string[] {
  return targets.flatMap((target) => (target.kind === 'node' ? [target.node] : []));
}

/** The targeted members. */
export function membersOf(targets: Target[]): Member[] {
  return targets.flatMap((target) => (target.kind === 'member' ? [target.member] : []));
}

/** The targeted services. */
export function servicesOf(targets: Target[]): string[] {
  return targets.flatMap((target) => (target.kind === 'service' ? [target.service] : []));
}

/** A service by its name. Throws OperatorError, saying what there is, when it has no member. */
export function chooseService(world: World, service: string): Target[] {
  const services = [...new Set(world.members.map((member) => member.service))].sort();
  if (services.includes(service)) return [{ kind: 'service', service, why: 'named by the scenario' }];
  throw new OperatorError(`there is no service '${service}' in ${world.namespace}`, {
    hint: `services there: ${services.join(', ') || 'none'}`,
  });
}

export const NO_NODE_DOWN: Impact = { nodesDown: [] };

/** How an act names a member: its node can find it by this without asking a manager. */
export function memberArgs(world: ActingWorld, member: Member) {
  return { namespace: world.namespace, node: member.node, member: member.id };
}

/** Undoes all at the same time; one that fails does not keep the others from being undone, and is thrown at the end. */
export async function undoAll(done: Done[]): Promise<void> {
  const results = await Promise.allSettled(done.map((act) => act.undo()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
