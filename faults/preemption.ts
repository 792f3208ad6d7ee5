import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { type Headroom, headroomOn, refuseOthers } from './neighbour/headroom.ts';
import { offered } from './neighbour/offered.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector.meta({ description: 'The nodes whose members must make room.' }),
  quota: z.boolean().default(false).meta({
    description: 'The remedy: a ResourceQuota that does not give the neighbour the priority that it asks for.',
  }),
  others: z.boolean().default(false).meta({ description: 'Pods of others on the node may be pushed aside, too.' }),
  hold: duration.prefault('60s').meta({ description: 'How long the neighbour stays.' }),
});
type Options = z.output<typeof options>;

const DEAD_MAN_MARGIN = 60_000;

const crowded = (namespace: string) => `${namespace}-crowd`;

/** A neighbour with a higher priority requests what the workload has: the scheduler preempts the workload's pods. */
export const preemption: Fault<Options> = {
  name: 'preemption',
  summary: 'lets a pod of a higher priority ask for the room of the members on a node, for `hold`',
  options,
  needs: () => ['neighbour.deploy', 'remove', 'node.headroom', 'service.change', 'images.tools'],
  hold: ({ hold }) => hold,
  beside: (namespace) => [crowded(namespace)],
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { quota, others, hold }) {
    const nodes = nodesOf(targets);
    const namespace = crowded(world.namespace);
    const headrooms = new Map(
      await Promise.all(nodes.map(async (node) => [node, await headroomOn(world, node)] as const)),
    );
    for (const [node, headroom] of headrooms) {
      if (!others) refuseOthers(node, headroom);
      if (headroom.asked.cpu > 0 || headroom.asked.memory > 0) continue;
      throw new OperatorError(
        `the members on ${node} have asked for nothing: nothing is gained by pushing them aside`,
        {
          hint: 'only pods with requests can be preempted for theirs; the as-is variant may have none',
        },
      );
    }
    const crowds = nodes.map((node, index) => ({ name: `crowd-${index + 1}`, node }));
    const manifest = offered(
      world,
      'crowd',
      'preemption',
    )({
      namespace,
      image: world.toolsImage,
      deadMan: hold + DEAD_MAN_MARGIN,
      members: crowds.map((crowd) => ({ ...crowd, ...requestFor(headrooms.get(crowd.node)!) })),
      isRefused: quota,
    });
    const done = await world.act(
      { verb: 'neighbour.deploy', args: { namespace, manifest, labels: { 'brownout.run': world.run } } },
      { verb: 'remove', args: { namespace } },
    );
    const before = new Set(world.members.map(({ id }) => id));
    return {
      confirm: (timeout) =>
        lookForAll(crowds, timeout, async ({ name, node }) => {
          const there = await world.platform.members(namespace, name);
          if (quota) {
            const { stuck } = await ask<{ stuck: string | null }>(world, 'service.change', {
              namespace,
              service: name,
            });
            return there.length === 0 && stuck ? `${node}: the neighbour is refused: ${stuck}` : undefined;
          }
          const left = (await world.platform.members(world.namespace)).filter(
            (member) => member.node === node && member.state === 'running' && before.has(member.id),
          );
          const isIn = there.some((member) => member.node === node && member.state === 'running');
          return isIn
            ? `${node}: the neighbour runs, ${left.length} members of ${world.namespace} are left`
            : undefined;
        }),
      heal: () => undoAll([done]),
      confirmHealed: (timeout) =>
        lookForAll(crowds, timeout, async ({ name, node }) => {
          const there = await world.platform.members(namespace, name);
          return there.length === 0 ? `${node}: the neighbour is gone` : undefined;
        }),
    };
  },
};

/** Everything free on the node plus what the workload requests there, only for resources that it requests at all. */
function requestFor({ free, asked }: Headroom): { cpu: number; memory: number } {
  const all = (of: 'cpu' | 'memory') => (asked[of] > 0 ? free[of] + asked[of] : 0);
  return { cpu: all('cpu'), memory: all('memory') };
}
