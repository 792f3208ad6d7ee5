import { z } from 'zod';
import { type Member, OperatorError } from '../platforms/platform.ts';
import { duration, size } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { type Limits, noiseServices, noiseStack } from './noise/compose.ts';
import { noiseKinds, PROGRESS_FILE } from './noise/stress.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { NO_NODE_DOWN, nodesOf, undoAll } from './targets.ts';

/** `limits: true`: what a careful operator gives a tenant that is nobody's favourite. */
const CAREFUL: Limits = { cpus: 0.25, memory: 128 * 2 ** 20, pids: 64 };

const options = z.strictObject({
  node: nodeSelector.meta({ description: 'The nodes that get a noisy neighbour.' }),
  kind: z.enum(noiseKinds),
  limits: z
    .union([
      z.boolean(),
      z.strictObject({
        cpus: z.number().positive().optional(),
        memory: size.optional(),
        pids: z.int().min(8).optional(),
      }),
    ])
    .default(false)
    .meta({ description: 'cgroup limits on the neighbour: none, careful ones (true), or these.' }),
  service: z.string().min(1).default('vote').meta({ description: 'flood: the service that is flooded.' }),
  port: z.int().min(1).max(65535).default(80).meta({ description: 'flood: its port inside its network.' }),
  hold: duration.prefault('60s').meta({ description: 'How long the noise lasts.' }),
});
type Options = z.output<typeof options>;

/** After `hold` and this much more the noise ends by itself, whatever became of the suite. */
const DEAD_MAN_MARGIN = 60_000;
const START_TIMEOUT = 30_000;

/** A denial of service by a neighbour: a stack of its own, in a namespace of its own, that takes what it can get. */
export const namespaceDos: Fault<Options> = {
  name: 'namespace-dos',
  summary: 'puts a noisy neighbour (cpu, memory, pids, disk, flood) on nodes, with or without limits, for `hold`',
  options,
  needs: () => ['deploy', 'remove'],
  hold: ({ hold }) => hold,
  aim(world, { node, kind, service }) {
    if (world.platform.kind !== 'swarm') {
      throw new OperatorError(`namespace-dos is not available on ${world.platform.kind} yet`);
    }
    if (kind === 'flood' && !world.members.some((member) => member.service === service)) {
      throw new OperatorError(`namespace-dos: there is no service '${service}' to flood in ${world.namespace}`, {
        hint: 'name one by `service`',
      });
    }
    return chooseNodes(world, node);
  },
  impact: () => NO_NODE_DOWN,

  async inject(world, targets, { kind, limits, service, port, hold }) {
    const nodes = nodesOf(targets);
    const namespace = `${world.namespace}-noise-${kind}`;
    const flood = kind === 'flood';
    const manifest = noiseStack({
      kind,
      nodes,
      image: world.toolsImage,
      limits: limits === true ? CAREFUL : limits || undefined,
      victim: flood ? { host: `tasks.${world.namespace}_${service}`, port } : undefined,
      deadMan: hold + DEAD_MAN_MARGIN,
    });
    const labels = { 'brownout.run': world.run };
    const deployment = { namespace, manifest, labels };
    const done = await world.act(
      {
        verb: 'deploy',
        args: flood ? { ...deployment, neighbour: { namespace: world.namespace, service } } : deployment,
      },
      { verb: 'remove', args: { namespace } },
    );
    const services = noiseServices(nodes);
    await world.platform.whole(
      { namespace, services: Object.fromEntries([...services.values()].map((name) => [name, 1])) },
      START_TIMEOUT,
    );
    const noiseOn = async (node: string) => {
      const members = await world.platform.members(namespace, services.get(node));
      return members.find((member) => member.state === 'running' && member.node === node);
    };
    return {
      // A container that runs is not yet noise: its work must be seen to grow.
      confirm: (timeout) => {
        const first = new Map<string, number>();
        return lookForAll(nodes, timeout, async (node) => {
          const member = await noiseOn(node);
          if (!member) return undefined;
          const { count, text } = await progress(world, member);
          const before = first.get(node);
          if (before === undefined) first.set(node, count);
          return before !== undefined && count > before ? `${node}: ${kind} noise, ${text}` : undefined;
        });
      },
      heal: () => undoAll([done]),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) =>
          (await noiseOn(node)) ? undefined : `${node}: the neighbour is gone`,
        ),
    };
  },
};

async function progress(world: ActingWorld, member: Member): Promise<{ count: number; text: string }> {
  const { stdout } = await world.platform.exec(member, ['cat', PROGRESS_FILE], { timeout: 5000 });
  const [, count, text] = /^(\d+) (.*)/s.exec(stdout) ?? [];
  if (count === undefined) throw new OperatorError(`the noise on ${member.node} tells nothing yet`);
  return { count: Number(count), text: text!.trim() };
}
