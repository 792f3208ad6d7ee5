import { z } from 'zod';
import type { Limits } from '../platforms/neighbour.ts';
import { NotOffered } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { duration, size } from '../units/units.ts';
import type { Fault, World } from './fault.ts';
import { offered } from './neighbour/offered.ts';
import { noiseAct, startNoise } from './noise/live.ts';
import { type Noise, takenBy } from './noise/noise.ts';
import { denyNetwork, fillQuota } from './noise/rule.ts';
import { FLOOD, MEMORY, type NoiseKind, noiseKinds } from './noise/stress.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const NAME = 'namespace-dos';

/** `limits: true`: what a careful operator gives an ordinary tenant. */
const CAREFUL: Limits = { cpus: 0.25, memory: 128 * 2 ** 20, pids: 64, disk: 64 * 2 ** 20 };

/** Kinds that are rules, not noise. */
const ruleKinds = ['quota', 'deny'] as const;
type Kind = NoiseKind | (typeof ruleKinds)[number];

/** Kinds that ask a service of the workload. */
const ASKING: readonly Kind[] = ['flood', 'deny'];

const options = z
  .strictObject({
    node: nodeSelector.meta({ description: 'The nodes that get a noisy neighbour.' }),
    kind: z.enum([...noiseKinds, ...ruleKinds]),
    limits: z
      .union([
        z.boolean(),
        z.strictObject({
          cpus: z.number().positive().optional(),
          memory: size.optional(),
          pids: z.int().min(8).optional(),
          disk: size.optional(),
        }),
      ])
      .default(false)
      .meta({
        description:
          'The remedy: none, a careful one (true), or these limits on the neighbour. flood: no way out of its namespace; quota: one of ' +
          'its own; deny: a policy that says what is allowed.',
      }),
    memory: size.optional().meta({ description: 'memory: how much it takes; 1Gi unless said.' }),
    service: z.string().min(1).optional().meta({
      description: 'flood: the service that is flooded. deny: the one that a neighbour knocks at. Required for both.',
    }),
    port: z.int().min(1).max(65535).default(80).meta({ description: 'flood, deny: its port inside its network.' }),
    hold: duration.prefault('60s').meta({ description: 'How long it lasts.' }),
  })
  .refine(({ kind, service }) => service !== undefined || !ASKING.includes(kind), {
    path: ['kind'],
    error: 'it is done to a service of the workload: name it by `service` beside it',
  });
type Options = z.output<typeof options>;

/** After `hold` and this much more the noise ends by itself, whatever became of the suite. */
const DEAD_MAN_MARGIN = 60_000;

/** A denial of service by a neighbour: in a namespace of its own, it takes what it can get, or lays rules on others. */
export const namespaceDos: Fault<Options> = {
  name: NAME,
  summary:
    'denies a service by a neighbour (cpu, memory, pids, disk, flood) or by a rule (quota, deny), with or without remedy, for `hold`',
  options,
  needs: ({ kind }) => [
    'neighbour.deploy',
    'remove',
    ...(kind === 'quota' ? [] : ['images.tools']),
    ...(isRule(kind) ? ['namespace.restrict', 'namespace.unrestrict'] : []),
    ...(kind === 'quota' ? ['namespace.refusal'] : []),
  ],
  beside: (namespace, { kind }) => [noisy(namespace, kind)],
  sends: ({ kind }) => (kind === 'flood' ? FLOOD : undefined),
  hold: ({ hold }) => hold,
  aim(world, { node, kind, service, limits }) {
    refuseMisfits(world, kind, limits);
    if (ASKING.includes(kind) && !world.members.some((member) => member.service === service)) {
      throw new OperatorError(`namespace-dos: there is no service '${service}' to ask in ${world.namespace}`, {
        hint: 'name one by `service`',
      });
    }
    return chooseNodes(world, node);
  },
  means: ({ kind, limits }) => ({
    kind: 'neighbour',
    takes: kind,
    // In recordings of older suites it may be left out.
    remedy: { option: 'limits', isGiven: limits !== false && limits !== undefined },
  }),

  async inject(world, targets, { kind, limits, memory = MEMORY, service, port, hold }) {
    const nodes = nodesOf(targets);
    const asked = ASKING.includes(kind) ? service : undefined;
    const neighbour = noisy(world.namespace, kind);
    const noise: Noise = {
      kind: isRule(kind) ? 'knock' : kind,
      nodes,
      image: world.toolsImage,
      limits: limits === true ? CAREFUL : limits || undefined,
      target:
        asked === undefined ? undefined : { host: offered(world, 'serviceHost', NAME)(world.namespace, asked), port },
      memory,
      deadMan: hold + DEAD_MAN_MARGIN,
    };
    if (kind === 'quota') return fillQuota(world, neighbour, noise.limits !== undefined);
    if (kind === 'deny')
      return denyNetwork(world, neighbour, { ...noise, nodes: nodes.slice(0, 1) }, noise.limits !== undefined);
    const joined = kind === 'flood' && asked ? { namespace: world.namespace, service: asked } : undefined;
    const { done, confirm, confirmGone } = await startNoise(
      world,
      neighbour,
      noise,
      noiseAct(world, neighbour, noise, joined),
    );
    return {
      // A container that runs is not yet noise: its work must be seen to grow.
      confirm,
      heal: () => undoAll([done]),
      confirmHealed: confirmGone,
    };
  },
};

const isRule = (kind: Kind): kind is (typeof ruleKinds)[number] => ruleKinds.some((rule) => rule === kind);

const noisy = (namespace: string, kind: Kind) => `${namespace}-noise-${kind}`;

/** What a platform cannot limit must not look as if it were. */
function refuseMisfits(world: World, kind: Kind, limits: Options['limits']): void {
  const cannot = offered(world, 'cannot', NAME);
  const refused = limits === false ? undefined : cannot(takenBy(kind), limits);
  if (refused) throw new NotOffered(refused.why, refused.hint === undefined ? {} : { hint: refused.hint });
}
