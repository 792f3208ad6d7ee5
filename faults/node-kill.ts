import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { backAgain, isOff, nodesOf, refuseSilent, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('60s').meta({ description: 'How long the node has no power.' }),
});

/** Hard power-off, with no clean shutdown of anything on the node; stays off for `hold`; then power-on. */
export const nodeKill: Fault<z.output<typeof options>> = {
  name: 'node-kill',
  summary: 'switches a node off without warning, and on again after `hold`',
  options,
  needs: () => ['power.off', 'power.on'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'node death' }),

  async inject(world, targets) {
    const nodes = nodesOf(targets);
    await refuseSilent(world, nodes);
    const done = await Promise.all(
      nodes.map((node) => world.act({ verb: 'power.off', args: { node } }, { verb: 'power.on', args: { node } })),
    );
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) =>
          (await isOff(world, node)) ? `${node}: power state is off, and its own API no longer answers` : undefined,
        ),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookForAll(nodes, timeout, (node) => backAgain(world, node)),
    };
  },
};
