import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { STOP_NEEDS, stopOn } from './programs/stop.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('90s').meta({ description: 'How long kubelet is stopped.' }),
});

/** After `hold` and this much more it runs again by itself. */
const DEAD_MAN_MARGIN = 30_000;

/**
 * The node is lost to the control plane while its members serve on: the case in which giving a node up is a mistake. kubelet is
 * frozen, not ended: so nothing on the node starts another in its place.
 */
export const kubeletStop: Fault<z.output<typeof options>> = {
  name: 'kubelet-stop',
  summary: "freezes a node's kubelet, its members running on, for `hold`",
  options,
  needs: () => STOP_NEEDS,
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'control-plane silence' }),

  async inject(world, targets, { hold }) {
    const nodes = nodesOf(targets);
    const done = await stopOn(world, nodes, { program: 'kubelet', how: 'frozen', timer: hold + DEAD_MAN_MARGIN });
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          if (await world.platform.answers(node)) return undefined;
          // Where it is only reached by way of the API, the API's silence is not kubelet's.
          await world.platform.inspect();
          return (await world.platform.answers(node)) ? undefined : `${node}: kubelet does not answer, the API does`;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          if (!(await world.platform.answers(node))) return undefined;
          const { nodes: all } = await world.platform.inspect();
          return all.find(({ name }) => name === node)?.ready ? `${node}: kubelet answers, and is ready` : undefined;
        }),
    };
  },
};
