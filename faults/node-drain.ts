import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('60s').meta({ description: 'How long the node stays drained.' }),
});

/** Planned maintenance: the control plane is told to move everything off the node, and later that it may come back. */
export const nodeDrain: Fault<z.output<typeof options>> = {
  name: 'node-drain',
  summary: 'drains a node, as for maintenance, and makes it active again after `hold`',
  options,
  needs: () => ['node.availability'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  impact: (targets) => ({ nodesDown: nodesOf(targets) }),

  async inject(world, targets) {
    const nodes = nodesOf(targets);
    const schedulable = (node: string) => world.inspection.nodes.find(({ name }) => name === node)?.schedulable;
    const done = await Promise.all(
      nodes.map((node) =>
        world.act(
          { verb: 'node.availability', args: { node, availability: 'drain', run: world.run } },
          { verb: 'node.availability', args: { node, availability: schedulable(node) ? 'active' : 'drain' } },
        ),
      ),
    );
    return {
      // Not the mark on the node, which is only the order: that its members have gone is what an order does.
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const members = await world.platform.members(world.namespace);
          const left = members.filter((member) => member.node === node && member.state === 'running');
          return left.length === 0 ? `${node}: no member of ${world.namespace} runs on it` : undefined;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const { nodes: all } = await world.platform.inspect();
          return all.find(({ name }) => name === node)?.schedulable ? `${node}: takes members again` : undefined;
        }),
    };
  },
};
