import { OperatorError } from '../../units/operator-error.ts';
import { BEFORE_LABEL, type Labels, listNodes, RUN_LABEL } from './api.ts';
import type { Hosts } from './hosts.ts';

export type Availability = 'active' | 'pause' | 'drain';

/**
 * Sets a node's availability. With `run` the node carries the run's label and what it was before, so that a drained node is
 * found and restored without a journal; without `run` both labels are taken off again.
 */
export function setAvailability(hosts: Hosts, name: string, availability: Availability, run?: string): Promise<void> {
  return hosts.manager(async (host) => {
    const node = (await listNodes(host)).find(({ Description }) => Description.Hostname === name);
    if (!node) throw new OperatorError(`the Swarm has no node ${name}`);
    const { [RUN_LABEL]: markedBy, [BEFORE_LABEL]: before, ...own } = node.Spec.Labels ?? {};
    const marks: Labels = run ? { [RUN_LABEL]: run, [BEFORE_LABEL]: before ?? node.Spec.Availability } : {};
    const asWanted = node.Spec.Availability === availability && markedBy === run;
    if (asWanted) return;
    const spec = { ...node.Spec, Availability: availability, Labels: { ...own, ...marks } };
    // The version makes the update fail when somebody else changed the node in between.
    const update = { _query: { version: node.Version.Index }, _body: spec };
    await host.ask('update node', (api) => api.getNode(node.ID).update(update));
  });
}
