import type { Inspection, Member } from '../platforms/platform.ts';
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

/** How many there are of each service. */
export function countByService(all: readonly { service: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { service } of all) counts[service] = (counts[service] ?? 0) + 1;
  return counts;
}

/** A service by its name. Throws OperatorError, saying what there is, when it has no member. */
export function chooseService(world: World, service: string): Target[] {
  const services = [...new Set(world.members.map((member) => member.service))].sort();
  if (services.includes(service)) return [{ kind: 'service', service, why: 'named by the scenario' }];
  throw new OperatorError(`there is no service '${service}' in ${world.namespace}`, {
    hint: `services there: ${services.join(', ') || 'none'}`,
  });
}

/** The control plane would place members on the node now. */
export async function takesMembers({ platform }: World, node: string): Promise<boolean> {
  return isSchedulable(await platform.inspect(), node);
}

/** It would have before the fault. */
export function tookMembers({ inspection }: World, node: string): boolean {
  return isSchedulable(inspection, node);
}

const isSchedulable = ({ nodes }: Inspection, node: string) =>
  nodes.find(({ name }) => name === node)?.schedulable === true;

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
