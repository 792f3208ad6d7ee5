/** The parts of Docker's answers that the suite reads (Engine API 1.41 and later). Durations are in nanoseconds. */
import type { DockerHost } from '../docker/client.ts';

export interface SwarmNode {
  ID: string;
  Version: { Index: number };
  Spec: { Name?: string; Role: 'manager' | 'worker'; Availability: 'active' | 'pause' | 'drain'; Labels?: Labels };
  Description: { Hostname: string; Engine?: { EngineVersion?: string }; Platform?: { OS?: string } };
  Status: { State: 'unknown' | 'down' | 'ready' | 'disconnected'; Addr?: string; Message?: string };
  ManagerStatus?: { Leader?: boolean; Reachability?: 'unknown' | 'unreachable' | 'reachable'; Addr?: string };
}

export interface SwarmService {
  ID: string;
  Version: { Index: number };
  Spec: ServiceSpec;
}

interface ServiceSpec {
  Name: string;
  Labels?: Labels;
  TaskTemplate: {
    ContainerSpec?: ContainerSpec;
    RestartPolicy?: { Delay?: number };
    Networks?: { Target: string }[];
    ForceUpdate?: number;
  };
  Mode: { Replicated?: { Replicas?: number }; Global?: object; ReplicatedJob?: object; GlobalJob?: object };
  EndpointSpec?: { Ports?: { PublishedPort?: number; TargetPort: number }[] };
}

interface ContainerSpec {
  Image: string;
  StopGracePeriod?: number;
  Healthcheck?: { Test?: string[]; Interval?: number; StartPeriod?: number };
}

export interface SwarmTask {
  ID: string;
  ServiceID: string;
  NodeID?: string;
  Slot?: number;
  CreatedAt: string;
  DesiredState: string;
  Labels?: Labels;
  Status: {
    Timestamp: string;
    State: string;
    Message?: string;
    Err?: string;
    ContainerStatus?: { ContainerID?: string };
  };
  Spec: { ContainerSpec?: { Hostname?: string } };
}

export type Labels = Record<string, string>;

/** Docker's own label on everything that belongs to a stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';
export const TASK_LABEL = 'com.docker.swarm.task.id';
export const SERVICE_LABEL = 'com.docker.swarm.service.id';

/** The suite's labels: the run that made a thing, and what a thing was before the run changed it. */
export const RUN_LABEL = 'brownout.run';
export const BEFORE_LABEL = 'brownout.before';

export const labelled = (label: string, value?: string) => ({
  label: [value === undefined ? label : `${label}=${value}`],
});

/** A stack's services, by full name. Short names are `shortName(namespace, full)`. */
export const shortName = (namespace: string, full: string) =>
  full.startsWith(`${namespace}_`) ? full.slice(namespace.length + 1) : full;

export function listServices(host: DockerHost, namespace?: string): Promise<SwarmService[]> {
  const filters = namespace === undefined ? undefined : labelled(STACK_LABEL, namespace);
  return host.ask('list services', (api) => api.listServices({ filters })) as unknown as Promise<SwarmService[]>;
}

export function listTasks(host: DockerHost, namespace: string): Promise<SwarmTask[]> {
  const filters = labelled(STACK_LABEL, namespace);
  return host.ask('list tasks', (api) => api.listTasks({ filters: JSON.stringify(filters) }));
}

/** A config or secret of the Swarm, of anybody. */
export interface Stored {
  kind: 'config' | 'secret';
  name: string;
  labels: Labels;
}

export async function listStored(host: DockerHost): Promise<Stored[]> {
  const [configs, secrets] = await Promise.all([
    host.ask('list configs', (api) => api.listConfigs()),
    host.ask('list secrets', (api) => api.listSecrets()),
  ]);
  return [
    ...configs.map(({ Spec }) => ({ kind: 'config' as const, name: Spec?.Name ?? '', labels: Spec?.Labels ?? {} })),
    ...secrets.map(({ Spec }) => ({ kind: 'secret' as const, name: Spec?.Name ?? '', labels: Spec?.Labels ?? {} })),
  ];
}

export function listNodes(host: DockerHost): Promise<SwarmNode[]> {
  return host.ask('list nodes', (api) => api.listNodes());
}
