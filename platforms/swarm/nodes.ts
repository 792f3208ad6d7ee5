import { PermanentError } from '../../units/operator-error.ts';
import { isOfRun } from '../verb.ts';
import { BEFORE_LABEL, listNodes, RUN_LABEL, type SwarmNode } from './api.ts';
import type { Hosts, NodeHost } from './hosts.ts';

export type Availability = 'active' | 'pause' | 'drain';

/**
 * Sets a node's availability. The node carries the run's label and what it was before, so that a drained node is found and restored
 * without a journal.
 */
export function setAvailability(hosts: Hosts, name: string, availability: Availability, run: string): Promise<void> {
  return hosts.manager(async (host) => {
    const node = await find(host, name);
    const { [RUN_LABEL]: markedBy, [BEFORE_LABEL]: before = node.Spec.Availability, ...own } = node.Spec.Labels ?? {};
    if (node.Spec.Availability === availability && markedBy === run) return;
    const labels = { ...own, [RUN_LABEL]: run, [BEFORE_LABEL]: before };
    await update(host, node, { Availability: availability, Labels: labels });
  });
}

/**
 * Makes a node what it was before the run, and takes the labels off. Without the run's label, or the node, there is nothing left to do.
 *
 * @param otherwise what it was before, should the label not say it
 */
export function restoreAvailability(
  hosts: Hosts,
  name: string,
  otherwise: Availability,
  ownRun: string | undefined,
): Promise<void> {
  return hosts.manager(async (host) => {
    // One that has left the Swarm took what was done to it along.
    const all = (await listNodes(host)).filter(({ Description }) => Description.Hostname === name);
    const node = all.find(({ Spec }) => Spec.Labels?.[RUN_LABEL] !== undefined);
    if (!node) return;
    const { [RUN_LABEL]: markedBy, [BEFORE_LABEL]: before, ...own } = node.Spec.Labels ?? {};
    if (!isOfRun(markedBy, ownRun)) return;
    await update(host, node, { Availability: (before as Availability | undefined) ?? otherwise, Labels: own });
  });
}

async function find(host: NodeHost, name: string): Promise<SwarmNode> {
  const node = (await listNodes(host)).find(({ Description }) => Description.Hostname === name);
  if (!node) throw new PermanentError(`the Swarm has no node ${name}`);
  return node;
}

async function update(host: NodeHost, node: SwarmNode, change: Partial<SwarmNode['Spec']>): Promise<void> {
  // The version makes the update fail when somebody else changed the node in between.
  const options = { _query: { version: node.Version.Index }, _body: { ...node.Spec, ...change } };
  await host.ask('update node', (api) => api.getNode(node.ID).update(options));
}
