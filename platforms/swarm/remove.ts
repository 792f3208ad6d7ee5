import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import { describeFailure, statusOf, unlessGone } from '../docker/client.ts';
import { isOfRun } from '../verb.ts';
import { labelled, listServices, RUN_LABEL, SERVICE_LABEL, STACK_LABEL } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { removeShared } from './stack.ts';
import { usersOf } from './users.ts';

/** Networks are held by their tasks until the last one has stopped: measured up to 14 s; a stop grace may be longer. */
const REMOVE_TIMEOUT = 60_000;
const LOOK_AGAIN = 300;

/**
 * Removes all that a run has made of a stack, and waits until it is gone: services, networks, configs and secrets on the managers,
 * containers and volumes on every node, and its folder on the shared storage. Gone already is success.
 *
 * @throws {PermanentError} when there is something in the stack that the run did not make; that is left alone
 */
export async function removeStack(
  hosts: Hosts,
  cluster: SwarmCluster,
  namespace: string,
  ownRun: string | undefined,
): Promise<void> {
  await hosts.identify();
  const stack = { namespace, ownRun };
  // The first round says whose the stack was.
  let hadOwn = false;
  const sweep = async (): Promise<Omit<Stack, 'hasOwn'>> => {
    const services = await sweepServices(hosts, stack);
    const foreign = new Set(services.foreign.map(({ id }) => id));
    const seen = await Promise.all([sweepSwarm(hosts, stack), sweepNodes(hosts, stack, foreign)]);
    const left = [...services.left, ...seen.flatMap(({ left }) => left)];
    hadOwn ||= services.hasOwn || seen.some((part) => part.hasOwn);
    return {
      left,
      foreign: [...services.foreign.map(({ what }) => what), ...seen.flatMap(({ foreign }) => foreign)],
    };
  };
  const { left, foreign } = await poll(sweep, (seen) => seen.left.length === 0, {
    timeout: REMOVE_TIMEOUT,
    every: LOOK_AGAIN,
  });
  if (left.length > 0) {
    const users = await usersOf(hosts, namespace);
    throw new OperatorError(`${namespace} is not wholly removed: ${[...left, ...users].join('; ')}`, {
      hint: `once the nodes answer again${users.length > 0 ? ', and nobody else uses it' : ''}: brownout undo`,
    });
  }
  if (foreign.length > 0) {
    const label = ownRun === undefined ? RUN_LABEL : `${RUN_LABEL}=${ownRun}`;
    throw new PermanentError(
      `${namespace} holds what does not carry the label ${label}, and is left alone: ${foreign.join(', ')}`,
      { hint: 'nothing but what the run has made is ever removed; if this is of no use, remove it by hand' },
    );
  }
  await removeShared(hosts, cluster, { ...stack, unmarked: hadOwn ? 'remove' : 'leave' });
}

/** What is to be removed: what carries both labels. */
interface Own {
  namespace: string;
  ownRun: string | undefined;
}

interface Stack {
  /** There was something of the run. */
  hasOwn: boolean;
  /** The run's own, still there, and the nodes that cannot be asked. */
  left: string[];
  /** In the stack, and not the run's. */
  foreign: string[];
}

interface Thing {
  what: string;
  labels: Record<string, string> | undefined;
  remove(): Promise<unknown>;
}

function byOwner<T extends Pick<Thing, 'labels'>>(things: T[], { ownRun }: Own): { own: T[]; foreign: T[] } {
  const isOwn = ({ labels }: T) => isOfRun(labels?.[RUN_LABEL], ownRun);
  return { own: things.filter(isOwn), foreign: things.filter((thing) => !isOwn(thing)) };
}

const describe = ({ what }: { what: string }) => what;

/** One round; the first removes them all. */
async function sweepServices(
  hosts: Hosts,
  stack: Own,
): Promise<Pick<Stack, 'hasOwn' | 'left'> & { foreign: { id: string; what: string }[] }> {
  return hosts.manager(async (host) => {
    const services = (await listServices(host, stack.namespace)).map(({ ID, Spec }) => ({
      id: ID,
      what: `service ${Spec.Name}`,
      labels: Spec.Labels,
      remove: () => host.ask('remove service', (api) => api.getService(ID).remove()),
    }));
    const { own, foreign } = byOwner(services, stack);
    return { hasOwn: own.length > 0, left: await removeAll(host, own), foreign };
  });
}

/** One round on the managers. */
async function sweepSwarm(hosts: Hosts, stack: Own): Promise<Stack> {
  const filters = labelled(STACK_LABEL, stack.namespace);
  return hosts.manager(async (host) => {
    const things = await host.ask('list what is left', async (api): Promise<Thing[]> => {
      const [networks, configs, secrets] = await Promise.all([
        api.listNetworks({ filters }),
        api.listConfigs({ filters }),
        api.listSecrets({ filters }),
      ]);
      return [
        ...networks.map(({ Id, Name, Labels }) => ({
          what: `network ${Name}`,
          labels: Labels,
          remove: () => api.getNetwork(Id).remove(),
        })),
        ...configs.map(({ ID, Spec }) => ({
          what: `config ${Spec?.Name}`,
          labels: Spec?.Labels,
          remove: () => api.getConfig(ID).remove(),
        })),
        ...secrets.map(({ ID, Spec }) => ({
          what: `secret ${Spec?.Name}`,
          labels: Spec?.Labels,
          remove: () => api.getSecret(ID).remove(),
        })),
      ];
    });
    const { own, foreign } = byOwner(things, stack);
    return { hasOwn: own.length > 0, left: await removeAll(host, own), foreign: foreign.map(describe) };
  });
}

/**
 * One round on every node. Containers carry no label of the run (they go with their service): those of the services that are not the
 * run's are somebody else's, and so are those of no service.
 */
async function sweepNodes(hosts: Hosts, stack: Own, foreignServices: Set<string>): Promise<Stack> {
  const filters = labelled(STACK_LABEL, stack.namespace);
  const answers = await hosts.each(async (host): Promise<Stack> => {
    const found = await host.ask('list what is left', async (api) => {
      const [containers, { Volumes: volumes }, networks] = await Promise.all([
        api.listContainers({ all: true, filters }),
        api.listVolumes({ filters }),
        api.listNetworks({ filters }),
      ]);
      return { containers, volumes: volumes ?? [], networks };
    });
    const isForeign = ({ Labels }: { Labels: Record<string, string> }) =>
      Labels[SERVICE_LABEL] === undefined || foreignServices.has(Labels[SERVICE_LABEL]);
    const containers = found.containers.filter((container) => !isForeign(container));
    await Promise.all(containers.map(({ Id, State }) => end(host, Id, State)));
    const volumes = byOwner(
      found.volumes.map(({ Name, Labels }) => ({
        what: `volume ${Name}`,
        labels: Labels,
        remove: () => host.ask('remove volume', (api) => api.getVolume(Name).remove()),
      })),
      stack,
    );
    const networks = byOwner(
      found.networks.map(({ Name, Labels }) => ({ what: `network ${Name}`, labels: Labels })),
      stack,
    );
    const here = (what: string) => `${what} on ${host.node}`;
    return {
      hasOwn: volumes.own.length > 0 || networks.own.length > 0,
      left: [
        ...(await removeAll(host, volumes.own)),
        ...containers.map(({ Names }) => `container ${Names[0]}`),
        ...networks.own.map(describe),
      ].map(here),
      foreign: [
        ...volumes.foreign.map(describe),
        ...found.containers.filter(isForeign).map(({ Names }) => `container ${Names[0]}`),
      ].map(here),
    };
  });
  return {
    hasOwn: answers.some((answer) => 'value' in answer && answer.value.hasOwn),
    left: answers.flatMap((answer) =>
      'value' in answer
        ? answer.value.left
        : [`${answer.host.node ?? answer.host.url} cannot be asked (${describeFailure(answer.failure)})`],
    ),
    foreign: answers.flatMap((answer) => ('value' in answer ? answer.value.foreign : [])),
  };
}

/**
 * Its service is gone and its data is about to be: a graceful end would gain nothing, and take up to its grace period. Left to
 * Swarm, a container that has ended is removed only after two waits of 2 s (for gossip to converge). A paused container
 * cannot be ended at all, and would keep its task for ever.
 */
async function end(host: NodeHost, container: string, state: string): Promise<void> {
  try {
    if (state === 'paused') await host.ask('unpause', (api) => api.getContainer(container).unpause());
    await host.ask('remove container', (api) => api.getContainer(container).remove({ force: true, v: true }));
  } catch (error) {
    // It ended meanwhile, or the next round sees why it did not.
    if (statusOf(error) === undefined) throw error;
  }
}

/** Tries each once. What is refused is in use still: the next round tries again. */
async function removeAll(host: NodeHost, list: Pick<Thing, 'what' | 'remove'>[]): Promise<string[]> {
  const left = await Promise.all(
    list.map(async ({ what, remove }) => {
      try {
        await unlessGone(remove());
        return undefined;
      } catch (error) {
        return `${what} (${host.node}: ${describeFailure(error)})`;
      }
    }),
  );
  return left.filter((what) => what !== undefined);
}
