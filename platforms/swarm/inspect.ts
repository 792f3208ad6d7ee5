import { OperatorError } from '../../units/operator-error.ts';
import type { Inspection, Node, Timer } from '../platform.ts';
import { listNodes, listServices, STACK_LABEL, type SwarmNode, type SwarmService, shortName } from './api.ts';
import type { Hosts } from './hosts.ts';

interface SwarmSpec {
  EncryptionConfig?: { AutoLockManagers?: boolean };
  Raft?: { ElectionTick?: number; HeartbeatTick?: number };
  Dispatcher?: { HeartbeatPeriod?: number };
}

/** Docker's documented defaults, ms, for what a service or the Swarm leaves unsaid. */
const DEFAULTS = {
  heartbeat: 5_000,
  election: 10_000,
  restartDelay: 5_000,
  healthInterval: 30_000,
  healthStart: 0,
  stopGrace: 10_000,
};

/** A raft tick is one second (swarmkit, manager/state/raft: `TickInterval`); elections are measured in ticks. */
const RAFT_TICK = 1000;

/** `allowed` says which namespaces are the suite's: the timers of their services are reported too. */
export async function inspectSwarm(hosts: Hosts, allowed: (namespace: string) => boolean): Promise<Inspection> {
  await hosts.identify();
  const { nodes, services, spec } = await hosts.read(async (host) => {
    const [nodes, services, swarm] = await Promise.all([
      listNodes(host),
      listServices(host),
      host.ask('inspect swarm', (api) => api.swarmInspect()),
    ]);
    return { nodes, services, spec: swarm.Spec as SwarmSpec };
  });
  checkNames(nodes);
  const managers = nodes.filter((node) => node.ManagerStatus);
  return {
    platform: 'swarm',
    versions: versions(hosts),
    nodes: nodesOf(nodes, spec).sort((a, b) => a.name.localeCompare(b.name)),
    quorum: {
      managers: managers.length,
      reachable: managers.filter(isReachable).length,
      needed: Math.floor(managers.length / 2) + 1,
    },
    timers: timers(spec, services, allowed),
  };
}

/** Without a leader no manager does anything, though each may say that all are reachable: a manager that comes back can cost the others theirs. */
export function nodesOf(all: SwarmNode[], { EncryptionConfig }: SwarmSpec = {}): Node[] {
  const nodes = all.map(toNode);
  const isLed = nodes.some(({ leader }) => leader);
  const locked = EncryptionConfig?.AutoLockManagers === true ? { unfit: AUTOLOCK } : {};
  return nodes.map((node) =>
    node.role === 'worker' ? node : { ...node, ...locked, ...(isLed ? {} : { ready: false }) },
  );
}

const AUTOLOCK =
  'the Swarm locks its managers: one whose daemon has ended takes part again only when somebody types the key';

/** A manager that is back runs members again within seconds; its vote counts when the others have reached it, up to a minute later. */
export const isReachable = ({ ManagerStatus }: SwarmNode) =>
  !ManagerStatus || ManagerStatus.Reachability === 'reachable';

export function toNode(node: SwarmNode): Node {
  const os = node.Description.Platform?.OS;
  return {
    name: node.Description.Hostname,
    role: node.Spec.Role,
    leader: node.ManagerStatus?.Leader === true,
    ready: node.Status.State === 'ready' && isReachable(node),
    ...(node.ManagerStatus ? { votes: isReachable(node) } : {}),
    schedulable: node.Spec.Availability === 'active' && (os ?? 'linux') === 'linux',
    // A manager's Status.Addr can be 0.0.0.0; its raft address never is.
    address: node.ManagerStatus?.Addr?.replace(/:\d+$/, '') ?? node.Status.Addr ?? '',
    labels: node.Spec.Labels ?? {},
    ...((os ?? 'linux') === 'linux' ? {} : { unfit: `its system is ${os}, and what faults run on nodes is for Linux` }),
  };
}

/** Nodes are known by their host names here, so two of one name cannot be told apart. */
function checkNames(nodes: SwarmNode[]): void {
  const names = nodes.map((node) => node.Description.Hostname);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new OperatorError(`two nodes of the Swarm are called ${twice}`, {
    hint: 'remove the stale one (docker node rm) or rename a host: nodes are chosen by name',
  });
}

/** `docker`: every engine version there is, once; the same for kernels. */
function versions(hosts: Hosts): Record<string, string> {
  const reported = hosts.all.flatMap(({ versions }) => versions ?? []);
  const each = (of: (version: (typeof reported)[number]) => string) => [...new Set(reported.map(of))].sort().join(', ');
  return { docker: each(({ docker }) => docker), kernel: each(({ kernel }) => kernel), os: each(({ os }) => os) };
}

function timers(spec: SwarmSpec, services: SwarmService[], allowed: (namespace: string) => boolean): Timer[] {
  const heartbeat = spec.Dispatcher?.HeartbeatPeriod;
  const election = spec.Raft?.ElectionTick;
  const own = services.filter((service) => allowed(service.Spec.Labels?.[STACK_LABEL] ?? ''));
  return [
    timer('dispatcher.heartbeat', heartbeat && fromNano(heartbeat), DEFAULTS.heartbeat),
    timer('raft.election', election && election * RAFT_TICK, DEFAULTS.election),
    ...(own.length > 0 ? own.flatMap(serviceTimers) : defaultTimers()),
  ];
}

export function serviceTimers({ Spec }: Pick<SwarmService, 'Spec'>): Timer[] {
  const name = shortName(Spec.Labels?.[STACK_LABEL] ?? '', Spec.Name);
  const { ContainerSpec, RestartPolicy } = Spec.TaskTemplate;
  const health = ContainerSpec?.Healthcheck;
  const checked = health?.Test && health.Test[0] !== 'NONE';
  return [
    timer(`restart.delay.${name}`, fromNano(RestartPolicy?.Delay), DEFAULTS.restartDelay),
    timer(`stop.grace.${name}`, fromNano(ContainerSpec?.StopGracePeriod), DEFAULTS.stopGrace),
    ...(checked
      ? [
          timer(`health.interval.${name}`, fromNano(health.Interval) || undefined, DEFAULTS.healthInterval),
          timer(`health.start.${name}`, fromNano(health.StartPeriod), DEFAULTS.healthStart),
        ]
      : []),
  ];
}

/** Nothing of the suite is deployed yet: what its services will have unless they say otherwise. */
export function defaultTimers(): Timer[] {
  return [
    timer('restart.delay', undefined, DEFAULTS.restartDelay),
    timer('health.interval', undefined, DEFAULTS.healthInterval),
    timer('health.start', undefined, DEFAULTS.healthStart),
    timer('stop.grace', undefined, DEFAULTS.stopGrace),
  ];
}

function timer(name: string, read: number | undefined, assumed: number): Timer {
  return read === undefined ? { name, ms: assumed, source: 'assumed' } : { name, ms: read, source: 'read' };
}

function fromNano(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value / 1e6;
}
