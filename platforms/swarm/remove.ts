import { OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import { describeFailure, statusOf, unlessGone } from '../docker/client.ts';
import { labelled, listServices, STACK_LABEL } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { removeShared } from './stack.ts';
import { usersOf } from './users.ts';

/** Networks are held by their tasks until the last one has stopped: measured up to 14 s; a stop grace may be longer. */
const REMOVE_TIMEOUT = 60_000;
const LOOK_AGAIN = 300;

/**
 * Removes all that a stack is made of, and waits until it is gone: services, networks, configs and secrets on the managers,
 * containers and volumes on every node, and its folder on the shared storage. Gone already is success.
 */
export async function removeStack(hosts: Hosts, cluster: SwarmCluster, namespace: string): Promise<void> {
  await hosts.identify();
  await hosts.manager(async (host) => {
    const services = await listServices(host, namespace);
    await Promise.all(
      services.map(({ ID }) => unlessGone(host.ask('remove service', (api) => api.getService(ID).remove()))),
    );
  });
  const sweep = async () => (await Promise.all([sweepSwarm(hosts, namespace), sweepNodes(hosts, namespace)])).flat();
  // Its containers are ended in the first round; what is waited for after that are the networks.
  const first = await sweep();
  const untilGone = async () =>
    first.length === 0
      ? first
      : poll(sweep, (seen) => seen.length === 0, { timeout: REMOVE_TIMEOUT, every: LOOK_AGAIN });
  const [left] = await Promise.all([untilGone(), removeShared(hosts, cluster, namespace)]);
  if (left.length > 0) {
    const users = await usersOf(hosts, namespace);
    throw new OperatorError(`${namespace} is not wholly removed: ${[...left, ...users].join('; ')}`, {
      hint: `once the nodes answer again${users.length > 0 ? ', and nobody else uses it' : ''}: brownout undo`,
    });
  }
}

/** One round on the managers; returns what is still there. */
async function sweepSwarm(hosts: Hosts, namespace: string): Promise<string[]> {
  const filters = labelled(STACK_LABEL, namespace);
  return hosts.manager(async (host) => {
    const list = await host.ask('list what is left', async (api) => {
      const [networks, configs, secrets] = await Promise.all([
        api.listNetworks({ filters }),
        api.listConfigs({ filters }),
        api.listSecrets({ filters }),
      ]);
      return [
        ...networks.map(({ Id, Name }) => ({ what: `network ${Name}`, remove: () => api.getNetwork(Id).remove() })),
        ...configs.map(({ ID, Spec }) => ({ what: `config ${Spec?.Name}`, remove: () => api.getConfig(ID).remove() })),
        ...secrets.map(({ ID, Spec }) => ({ what: `secret ${Spec?.Name}`, remove: () => api.getSecret(ID).remove() })),
      ];
    });
    return removeAll(host, list);
  });
}

/** One round on every node; returns what is still there, and the nodes that cannot be asked. */
async function sweepNodes(hosts: Hosts, namespace: string): Promise<string[]> {
  const filters = labelled(STACK_LABEL, namespace);
  const answers = await hosts.each(async (host) => {
    const { containers, volumes, networks } = await host.ask('list what is left', async (api) => {
      const [containers, { Volumes: volumes }, networks] = await Promise.all([
        api.listContainers({ all: true, filters }),
        api.listVolumes({ filters }),
        api.listNetworks({ filters }),
      ]);
      return { containers, volumes: volumes ?? [], networks };
    });
    await Promise.all(containers.map(({ Id, State }) => end(host, Id, State)));
    const left = await removeAll(
      host,
      volumes.map(({ Name }) => ({
        what: `volume ${Name}`,
        remove: () => host.ask('remove volume', (api) => api.getVolume(Name).remove()),
      })),
    );
    const still = [
      ...containers.map(({ Names }) => `container ${Names[0]}`),
      ...networks.map(({ Name }) => `network ${Name}`),
    ];
    return [...left, ...still].map((what) => `${what} on ${host.node}`);
  });
  return answers.flatMap((answer) =>
    'value' in answer
      ? answer.value
      : [`${answer.host.node ?? answer.host.url} cannot be asked (${describeFailure(answer.failure)})`],
  );
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
async function removeAll(host: NodeHost, list: { what: string; remove(): Promise<unknown> }[]): Promise<string[]> {
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
