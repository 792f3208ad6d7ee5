import { z } from 'zod';
import { duration } from '../units/units.ts';
import { GRACE, lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { emptied, nodesOf, opened, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('60s').meta({ description: 'How long the node stays tainted.' }),
});

/** Everything on the node is told to go at once, whatever any budget says: the platform's answer to a node it gave up. */
export const nodeTaint: Fault<z.output<typeof options>> = {
  name: 'node-taint',
  summary: 'taints a node (NoExecute), so that its members are evicted without asking any budget, for `hold`',
  options,
  needs: () => ['node.taint', 'node.untaint'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'node unavailable' }),

  async inject(world, targets) {
    const nodes = nodesOf(targets);
    const done = await Promise.all(
      nodes.map((node) =>
        world.act({ verb: 'node.taint', args: { node, run: world.run } }, { verb: 'node.untaint', args: { node } }),
      ),
    );
    return {
      // Not the taint, which is only the request: the evidence is that its members have gone.
      confirm: (timeout) =>
        lookForAll(nodes, Math.max(timeout, GRACE), (node) =>
          emptied(world, node, `no member of ${world.namespace} runs on it`),
        ),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookForAll(nodes, timeout, (node) => opened(world, node)),
    };
  },
};
