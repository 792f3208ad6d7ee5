/** The acts that can be done to a Swarm. Each is idempotent, and each undo succeeds when there is nothing left to undo. */

import { OperatorError } from '../../units/operator-error.ts';
import { Arguments } from '../arguments.ts';
import { describeFailure, isGone, statusOf } from '../docker/client.ts';
import type { Act, Json } from '../platform.ts';
import { STACK_LABEL } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import { containerOf, execIn, removeHelper, startHostHelper } from './containers.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { releaseLock, renewLock, takeLock } from './lock.ts';
import { type Availability, setAvailability } from './nodes.ts';
import { removeStack } from './remove.ts';
import { restoreService, rollService } from './roll.ts';
import { deployStack, imageOnNodes } from './stack.ts';

export interface SwarmContext {
  hosts: Hosts;
  cluster: SwarmCluster;
}

const EXEC_TIMEOUT = 5_000;

type Verb = (context: SwarmContext, args: Arguments) => Promise<Json | undefined>;

export const verbs: Record<string, Verb> = {
  /** { namespace, manifest, labels } */
  async deploy(context, args) {
    await deployFrom(context, args);
    return undefined;
  },

  /** { namespace, manifest, labels, neighbour?: { namespace, service } } */
  async 'neighbour.deploy'(context, args) {
    await deployFrom(context, args, args.has('neighbour') ? args.record('neighbour') : undefined);
    return undefined;
  },

  /** { namespace } */
  async remove({ hosts, cluster }, args) {
    await removeStack(hosts, cluster, args.namespace());
    return undefined;
  },

  /** { node, availability: active | pause | drain, run? }. With `run` the node is marked as changed by it. */
  async 'node.availability'({ hosts }, args) {
    const availability = args.oneOf('availability', ['active', 'pause', 'drain'] as const) satisfies Availability;
    await setAvailability(hosts, args.node(), availability, args.optional('run'));
    return undefined;
  },

  /** { namespace, node, member, signal? } */
  async 'member.kill'({ hosts }, args) {
    const found = await memberContainer(hosts, args);
    if (found?.state !== 'running') return undefined;
    const signal = args.optional('signal') ?? 'SIGKILL';
    await unlessEnded(found.host.ask('kill', (api) => api.getContainer(found.id).kill({ signal })));
    return undefined;
  },

  /** { namespace, node, member } */
  async 'member.pause'({ hosts }, args) {
    const found = await memberContainer(hosts, args);
    if (found?.state === 'paused') return undefined;
    if (!found) {
      throw new OperatorError(`there is no member ${args.text('member')} on ${args.node()} to pause`, {
        hint: 'it ended between being chosen and being paused',
      });
    }
    await found.host.ask('pause', (api) => api.getContainer(found.id).pause());
    return undefined;
  },

  /** { namespace, node, member } */
  async 'member.unpause'({ hosts }, args) {
    const found = await memberContainer(hosts, args);
    if (found?.state !== 'paused') return undefined;
    await unlessEnded(found.host.ask('unpause', (api) => api.getContainer(found.id).unpause()));
    return undefined;
  },

  /** { namespace, service, run, image? }. The image is a role of the cluster file's `images`, or a reference. */
  async 'service.roll'({ hosts, cluster }, args) {
    const role = args.optional('image');
    const reference = role === undefined ? undefined : (cluster.images[role] ?? role);
    const image = reference === undefined ? undefined : await imageOnNodes(hosts, cluster, reference);
    await rollService(hosts, args.namespace(), args.text('service'), args.text('run'), image);
    return undefined;
  },

  /** { namespace, service } */
  async 'service.restore'({ hosts }, args) {
    await restoreService(hosts, args.namespace(), args.text('service'));
    return undefined;
  },

  /** { node, name, run, image, argv } */
  async 'host.run'({ hosts, cluster }, args) {
    const helper = {
      name: args.text('name'),
      run: args.text('run'),
      image: args.text('image'),
      argv: args.list('argv'),
    };
    await startHostHelper(await hosts.of(args.node()), helper, cluster.pull);
    return undefined;
  },

  /** { node, name } */
  async 'host.remove'({ hosts }, args) {
    await removeHelper(await hosts.of(args.node()), args.text('name'));
    return undefined;
  },

  /** { node, name, argv } → { code, stdout }: in a helper that runs; changes nothing. */
  async 'host.exec'({ hosts }, args) {
    const host = await hosts.of(args.node());
    const { code, stdout } = await execIn(host, args.text('name'), args.list('argv'), {
      stdin: undefined,
      timeout: EXEC_TIMEOUT,
    });
    return { code, stdout };
  },

  /** { run, owner: see ../owner.ts } → { held, holder? } */
  async 'lock.take'({ hosts }, args) {
    return { ...(await takeLock(hosts, args.text('run'), args.text('owner'))) };
  },

  /** { run, owner } → { held, holder? } */
  async 'lock.renew'({ hosts }, args) {
    return { ...(await renewLock(hosts, args.text('run'), args.text('owner'))) };
  },

  /** { run } */
  async 'lock.release'({ hosts }, args) {
    await releaseLock(hosts, args.text('run'));
    return undefined;
  },
};

async function deployFrom(
  { hosts, cluster }: SwarmContext,
  args: Arguments,
  neighbour?: Record<string, string>,
): Promise<void> {
  await deployStack(hosts, cluster, {
    namespace: args.namespace(),
    manifest: args.text('manifest'),
    labels: args.record('labels'),
    ...(neighbour ? { neighbour: neighbour as { namespace: string; service: string } } : {}),
  });
}

export async function performOnSwarm(context: SwarmContext, act: Act): Promise<Json> {
  const verb = verbs[act.verb];
  if (!verb) {
    throw new OperatorError(`a Swarm has no verb '${act.verb}'`, {
      hint: `it knows: ${Object.keys(verbs).join(', ')}`,
    });
  }
  const args = new Arguments(act, context.cluster.allow);
  try {
    return (await verb(context, args)) ?? null;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`${act.verb} ${args.subject()}: ${describeFailure(error)}`, { cause: error });
  }
}

/** The container of the member that an act names, by its own node's word; undefined when it is gone. */
async function memberContainer(
  hosts: Hosts,
  args: Arguments,
): Promise<{ host: NodeHost; id: string; state: string } | undefined> {
  const host = await hosts.of(args.node());
  const namespace = args.namespace();
  const found = await containerOf(host, args.text('member'));
  if (!found) return undefined;
  if (found.Labels[STACK_LABEL] !== namespace) {
    throw new OperatorError(`member ${args.text('member')} is not in ${namespace}; it is left alone`);
  }
  return { host, id: found.Id, state: found.State };
}

/** The container may end between being looked at and being acted on: then there is nothing left to do. */
async function unlessEnded(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error) && statusOf(error) !== 409 && !/is not (running|paused)/.test(describeFailure(error)))
      throw error;
  }
}
