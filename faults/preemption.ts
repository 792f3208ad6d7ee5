import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { type Headroom, headroomOn, refuseOthers } from './neighbour/headroom.ts';
import { HIGH_PRIORITY, highPriority, manifestOf } from './neighbour/pod.ts';
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
/** A request is a whole number of milli-CPUs, and bytes. */
const MILLI = 1000;

/** A neighbour with a higher priority asks for what the workload has: the scheduler pushes the workload's pods aside. */
export const preemption: Fault<Options> = {
  name: 'preemption',
  summary: 'lets a pod of a higher priority ask for the room of the members on a node, for `hold`',
  options,
  needs: () => ['neighbour.deploy', 'remove', 'node.headroom', 'service.change', 'images.tools'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { quota, others, hold }) {
    const nodes = nodesOf(targets);
    const namespace = `${world.namespace}-crowd`;
    const rooms = new Map(await Promise.all(nodes.map(async (node) => [node, await headroomOn(world, node)] as const)));
    for (const [node, room] of rooms) {
      if (!others) refuseOthers(node, room);
      if (room.asked.cpu > 0 || room.asked.memory > 0) continue;
      throw new OperatorError(
        `the members on ${node} have asked for nothing: nothing is gained by pushing them aside`,
        {
          hint: 'only pods with requests can be preempted for theirs; the as-is variant may have none',
        },
      );
    }
    const crowds = nodes.map((node, index) => ({ name: `crowd-${index + 1}`, node }));
    const manifest = manifestOf([
      highPriority(namespace),
      ...(quota ? [noHighPriority(namespace)] : []),
      ...crowds.map(({ name, node }) =>
        crowd(world, { namespace, name, node, room: rooms.get(node)!, deadMan: hold + DEAD_MAN_MARGIN, quota }),
      ),
    ]);
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

interface Crowd {
  namespace: string;
  name: string;
  node: string;
  room: Headroom;
  deadMan: number;
  quota: boolean;
}

/** Asks for all that is free on the node and all that the workload has there. */
function crowd(world: ActingWorld, { namespace, name, node, room, deadMan, quota }: Crowd): object {
  const { free, asked } = room;
  const requests = {
    ...(asked.cpu > 0 ? { cpu: `${Math.floor((free.cpu + asked.cpu) * MILLI)}m` } : {}),
    ...(asked.memory > 0 ? { memory: String(Math.floor(free.memory + asked.memory)) } : {}),
  };
  const spec = {
    priorityClassName: namespace,
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
        },
      },
    },
    containers: [{ name: 'neighbour', image: world.toolsImage, command: ['sleep', '86400'], resources: { requests } }],
  };
  const metadata = { name, labels: { app: name } };
  if (!quota) {
    const activeDeadlineSeconds = Math.ceil(deadMan / 1000);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { ...spec, activeDeadlineSeconds, restartPolicy: 'Never' },
    };
  }
  // Refused pods are a controller's trouble, and this one is to be refused.
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { selector: { matchLabels: metadata.labels }, template: { metadata: { labels: metadata.labels }, spec } },
  };
}

function noHighPriority(namespace: string): object {
  const scope = { scopeName: 'PriorityClass', operator: 'In', values: [namespace] };
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: `no-priority-${HIGH_PRIORITY}` },
    spec: { hard: { pods: '0' }, scopeSelector: { matchExpressions: [scope] } },
  };
}
