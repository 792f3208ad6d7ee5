import type { Affinity } from './rules.ts';
import type { ServiceConfig, ServiceStatus, Services } from './state.ts';

/** stay: where it is, if that is as good as any; best: the best; next: the best where it has not failed yet. */
export type Preference = 'stay' | 'best' | 'next';

interface Cluster {
  services: Services;
  affinity: Affinity;
  online: string[];
}

/**
 * The node that a service should be on; undefined if none may have it now. Fewest services win, then the name.
 *
 * @param sid the service; its status must be among `services`
 */
export function selectNode(
  sid: string,
  config: Pick<ServiceConfig, 'failback'>,
  preference: Preference,
  { services, affinity, online }: Cluster,
): string | undefined {
  const { node: current, failed_nodes: failed = [], maintenance_node: home } = services[sid]!;
  const { allowed, preferred } = byNodeAffinity(affinity.nodes.get(sid), online);
  if (preferred.length === 0) return undefined;
  const together = nodesOfOthers(affinity.together.get(sid), services, online, 'arriving');
  const apart = nodesOfOthers(affinity.apart.get(sid), services, online, 'either');

  const mayStay = allowed.includes(current) && (together.has(current) || !apart.has(current));
  if (preference === 'stay' && !config.failback && mayStay) return current;

  const untried = preference === 'next' ? preferred.filter((node) => !failed.includes(node)) : preferred;
  const candidates = withMajority(
    untried.filter((node) => !apart.has(node)),
    together,
  );
  if (home !== undefined && candidates.includes(home)) return home;
  if (preference === 'stay' && candidates.includes(current)) return current;

  const load = serviceCounts(services, online);
  const ranked = candidates.toSorted((a, b) => load.get(a)! - load.get(b)! || (a < b ? -1 : 1));
  // Whose start failed on one node tries the one after it, and begins again after the last.
  const following = preference === 'next' ? ranked[ranked.indexOf(current) + 1] : undefined;
  return following ?? ranked[0];
}

function byNodeAffinity(priorities: Map<string, number> | undefined, online: string[]) {
  if (!priorities) return { allowed: online, preferred: online };
  const allowed = online.filter((node) => priorities.has(node));
  const highest = Math.max(...allowed.map((node) => priorities.get(node)!));
  return { allowed, preferred: allowed.filter((node) => priorities.get(node) === highest) };
}

/** The online nodes that a service takes part of: where it is, and where it goes. */
function occupied({ state, node, target }: ServiceStatus, online: string[]): { current?: string; arriving?: string } {
  const isHere = !['stopped', 'request_start', 'request_start_balance'].includes(state) && online.includes(node);
  const isMoving = ['migrate', 'relocate', 'request_start_balance'].includes(state);
  return {
    ...(isHere ? { current: node } : {}),
    ...(isMoving && target !== undefined && online.includes(target) ? { arriving: target } : {}),
  };
}

/** How many of the others are on each node. One that is moving counts where it goes, or in both places. */
function nodesOfOthers(
  others: Set<string> | undefined,
  services: Services,
  online: string[],
  moving: 'arriving' | 'either',
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sid of others ?? []) {
    if (!services[sid]) continue;
    const { current, arriving } = occupied(services[sid], online);
    const nodes = moving === 'arriving' ? [arriving ?? current] : [current, arriving];
    for (const node of nodes) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

/** Of the nodes that a group's others are on, the one with most of them, if it is a candidate at all. */
function withMajority(candidates: string[], together: Map<string, number>): string[] {
  const populated = candidates.filter((node) => together.has(node)).toSorted();
  if (populated.length === 0) return candidates;
  return [populated.reduce((most, node) => (together.get(node)! > together.get(most)! ? node : most))];
}

function serviceCounts(services: Services, online: string[]): Map<string, number> {
  const counts = new Map(online.map((node) => [node, 0]));
  for (const status of Object.values(services)) {
    const { current, arriving } = occupied(status, online);
    for (const node of new Set([current, arriving])) if (node !== undefined) counts.set(node, counts.get(node)! + 1);
  }
  return counts;
}
