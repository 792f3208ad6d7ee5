import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { FILL, FULL_FILE } from './neighbour/fill.ts';
import { headroomOn, refuseOthers } from './neighbour/headroom.ts';
import { offered } from './neighbour/offered.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  of: z.enum(['memory', 'disk']).meta({ description: 'What runs out on the node.' }),
  others: z.boolean().default(false).meta({ description: 'Pods of others on the node may be evicted, too.' }),
  hold: duration.prefault('60s').meta({ description: 'How long it stays full.' }),
});
type Options = z.output<typeof options>;

const DEAD_MAN_MARGIN = 60_000;
const FILL_TIMEOUT = 120_000;
/**
 * How many bytes past kubelet's eviction threshold to fill. Less than its default memory threshold (100Mi): kubelet checks every
 * 10 s and should evict before the kernel OOM-kills.
 */
const BEYOND = { memory: 48 * 2 ** 20, disk: 64 * 2 ** 20 };
const CONDITIONS = { memory: 'MemoryPressure', disk: 'DiskPressure' } as const;

/**
 * The node runs out of memory or disk, and its kubelet evicts in its own order: pods that use more than they requested first,
 * then the lowest priority. The pod that fills the node has a high priority, so it is not evicted first.
 */
export const nodePressure: Fault<Options> = {
  name: 'node-pressure',
  summary: "fills a node's memory or disk until its kubelet evicts members, for `hold`",
  options,
  needs: () => ['neighbour.deploy', 'remove', 'node.headroom', 'images.tools'],
  hold: ({ hold }) => hold,
  beside: (namespace, { of }) => [filling(namespace, of)],
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { of, others, hold }) {
    const nodes = nodesOf(targets);
    const namespace = filling(world.namespace, of);
    const fillers = await Promise.all(
      nodes.map(async (node, index) => {
        const headroom = await headroomOn(world, node);
        if (!others) refuseOthers(node, headroom);
        if (headroom[of] <= 0) throw new OperatorError(`${node} is short of ${of} already`);
        const argv = ['python3', '-u', '-c', FILL, of, String(Math.round(headroom[of] + BEYOND[of]))];
        return { name: `fill-${index + 1}`, node, argv };
      }),
    );
    const manifest = offered(
      world,
      'filling',
      'node-pressure',
    )({
      namespace,
      programs: fillers,
      image: world.toolsImage,
      deadMan: hold + FILL_TIMEOUT + DEAD_MAN_MARGIN,
      ready: ['test', '-e', FULL_FILE],
    });
    const done = await world.act(
      { verb: 'neighbour.deploy', args: { namespace, manifest, labels: { 'brownout.run': world.run } } },
      { verb: 'remove', args: { namespace } },
    );
    const services = Object.fromEntries(fillers.map(({ name }) => [name, 1]));
    await world.platform.untilReady({ namespace, services }, FILL_TIMEOUT);
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const { pressure } = await headroomOn(world, node);
          if (!pressure.includes(CONDITIONS[of])) return undefined;
          return `${node}: kubelet reports ${CONDITIONS[of]}; ${await evicted(world, node)} members have gone from it`;
        }),
      heal: () => undoAll([done]),
      // The condition itself stays for minutes after memory or disk is free again (evictionPressureTransitionPeriod).
      confirmHealed: (timeout) =>
        lookForAll(fillers, timeout, async ({ name, node }) => {
          if ((await world.platform.members(namespace, name)).length > 0) return undefined;
          const headroom = await headroomOn(world, node);
          return headroom[of] > 0
            ? `${node}: ${Math.round(headroom[of] / 2 ** 20)} MiB of ${of} to spare again`
            : undefined;
        }),
    };
  },
};

const filling = (namespace: string, of: Options['of']) => `${namespace}-pressure-${of}`;

async function evicted(world: ActingWorld, node: string): Promise<number> {
  const now = new Set((await world.platform.members(world.namespace)).map(({ id }) => id));
  return world.members.filter((member) => member.node === node && !now.has(member.id)).length;
}
