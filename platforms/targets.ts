import type { Member, Target } from './platform.ts';

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
