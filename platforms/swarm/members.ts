import type { Deployment, Member } from '../platform.ts';
import { pollUntilReady } from '../ready.ts';
import {
  listNodes,
  listServices,
  listTasks,
  type SwarmNode,
  type SwarmService,
  type SwarmTask,
  shortName,
} from './api.ts';
import type { Hosts } from './hosts.ts';

/** What a manager says of one namespace at one moment. */
export interface StackState {
  nodes: SwarmNode[];
  services: SwarmService[];
  tasks: SwarmTask[];
}

export function readStack(hosts: Hosts, namespace: string): Promise<StackState> {
  return hosts.read(async (host) => {
    const [nodes, services, tasks] = await Promise.all([
      listNodes(host),
      listServices(host, namespace),
      listTasks(host, namespace),
    ]);
    return { nodes, services, tasks };
  });
}

const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);

/** The task's place among the words of the platform interface; undefined once it has ended. */
function taskState({ Status, DesiredState }: SwarmTask): Member['state'] | undefined {
  if (ENDED.has(Status.State)) return undefined;
  if (DesiredState === 'shutdown' || DesiredState === 'remove') return 'stopping';
  return Status.State === 'running' ? 'running' : 'starting';
}

/** Its tasks come to an end by themselves: they serve nobody. */
const isJob = ({ Spec: { Mode } }: SwarmService) => Mode.ReplicatedJob !== undefined || Mode.GlobalJob !== undefined;

/** A task with a health check is `running` only once it is healthy, so running on a node that is up is ready. */
export function toMembers(namespace: string, { nodes, services, tasks }: StackState): Member[] {
  const nodeById = new Map(nodes.map((node) => [node.ID, node]));
  const serviceById = new Map(services.map((service) => [service.ID, service]));
  return tasks.flatMap((task): Member[] => {
    const service = serviceById.get(task.ServiceID);
    const state = taskState(task);
    if (!service || !state || isJob(service)) return [];
    const node = nodeById.get(task.NodeID ?? '');
    const container = task.Status.ContainerStatus?.ContainerID;
    const instance = task.Spec.ContainerSpec?.Hostname || container?.slice(0, 12);
    return [
      {
        id: task.ID,
        service: shortName(namespace, service.Spec.Name),
        node: node?.Description.Hostname ?? '',
        state,
        ready: state === 'running' && node?.Status.State === 'ready',
        ...(instance ? { instance } : {}),
      },
    ];
  });
}

const LOOK_AGAIN = 250;

/** Resolves once every service has its ready members. */
export async function untilReady(
  hosts: Hosts,
  { namespace, services }: Pick<Deployment, 'namespace' | 'services'>,
  timeout: number,
  signal?: AbortSignal,
  tell?: (missing: string[]) => void,
): Promise<void> {
  await pollUntilReady(namespace, async () => missingMembers(namespace, services, await readStack(hosts, namespace)), {
    timeout,
    every: LOOK_AGAIN,
    signal,
    tell,
    hint: `docker service ps --no-trunc ${namespace}_… tells more`,
  });
}

/** One line for each service with missing members, with what its tasks complain of. */
function missingMembers(namespace: string, wanted: Deployment['services'], state: StackState): string[] {
  const members = toMembers(namespace, state);
  const places = state.nodes.filter((node) => node.Status.State === 'ready' && node.Spec.Availability === 'active');
  return Object.entries(wanted).flatMap(([service, count]) => {
    const need = count === 'all' ? places.length : count;
    const ready = members.filter((member) => member.service === service && member.ready).length;
    if (ready >= need) return [];
    const found = state.services.find((candidate) => shortName(namespace, candidate.Spec.Name) === service);
    if (!found) return [`${service}: no such service`];
    const complaint = lastComplaint(state.tasks.filter((task) => task.ServiceID === found.ID));
    return [`${service}: ${ready} of ${need} ready${complaint ? ` (${complaint})` : ''}`];
  });
}

function lastComplaint(tasks: SwarmTask[]): string | undefined {
  const newest = tasks.sort((a, b) => b.Status.Timestamp.localeCompare(a.Status.Timestamp));
  return newest.find((task) => task.Status.Err)?.Status.Err;
}
