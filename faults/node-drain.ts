import { z } from 'zod';
import { duration } from '../units/units.ts';
import { GRACE, lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { emptied, nodesOf, opened, tookMembers, undoAll } from './targets.ts';

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
  means: () => ({ kind: 'drain' }),

  async inject(world, targets) {
    const nodes = nodesOf(targets);
    const done = await Promise.all(
      nodes.map((node) =>
        world.act(
          { verb: 'node.availability', args: { node, availability: 'drain', run: world.run } },
          { verb: 'node.availability', args: { node, availability: tookMembers(world, node) ? 'active' : 'drain' } },
        ),
      ),
    );
    return {
      // Not the cordon on the node nor the control plane's answer, which are only the request. The evidence is that the
      // members which ran there have ended, as reported by the node itself.
      confirm: (timeout) =>
        lookForAll(nodes, Math.max(timeout, GRACE), (node) => emptied(world, node, 'its members have ended')),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookForAll(nodes, timeout, (node) => opened(world, node)),
    };
  },
};
