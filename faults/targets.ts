import type { Member } from '../platforms/platform.ts';
import type { ActingWorld, Done, Impact, Target } from './fault.ts';

/** The names of targeted nodes. */
export function nodesOf(targets: Target[]): string[] {
  return targets.flatMap((target) => (target.kind === 'node' ? [target.node] : []));
}

/** The targeted members. */
export function membersOf(targets: Target[]): Member[] {
  return targets.flatMap((target) => (target.kind === 'member' ? [target.member] : []));
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
