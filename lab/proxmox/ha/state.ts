/** What the HA manager keeps, in the words and the JSON of Proxmox VE: its API shows these objects as they are. */

export type NodeState = 'online' | 'maintenance' | 'unknown' | 'fence' | 'gone';

export type ServiceState =
  | 'request_start'
  | 'request_start_balance'
  | 'started'
  | 'request_stop'
  | 'stopped'
  | 'migrate'
  | 'relocate'
  | 'fence'
  | 'recovery'
  | 'freeze'
  | 'error';

/** What the master knows of one service. */
export interface ServiceStatus {
  state: ServiceState;
  node: string;
  /** Names the order to the LRM: its result carries the same. */
  uid: string;
  /** Where it goes, in `migrate` and `relocate`. */
  target?: string;
  /** Of a stop, seconds. */
  timeout?: number;
  failed_nodes?: string[];
  /** It goes back there when that node's maintenance is over. */
  maintenance_node?: string;
  /** A command that has not been carried out yet: `['migrate', 'n2']`, `['stop', 0]`. */
  cmd?: ['migrate' | 'relocate', string] | ['stop', number];
  /** It was seen running since it is `started`. */
  running?: 1;
}

export type Services = Record<string, ServiceStatus>;

export interface ManagerStatus {
  master_node?: string;
  node_status?: Record<string, NodeState>;
  service_status?: Services;
  node_request?: Record<string, { maintenance?: 1 }>;
  /** Seconds. */
  timestamp?: number;
}

/** What an LRM is about: `restart` freezes its services, `shutdown` stops them and lets others take them. */
export type LrmMode = 'active' | 'maintenance' | 'restart' | 'shutdown';
export type LrmState = 'startup' | 'wait_for_agent_lock' | 'active' | 'maintenance' | 'lost_agent_lock';
export type CrmState = 'startup' | 'wait_for_quorum' | 'slave' | 'master' | 'lost_manager_lock';

/** How an order to an LRM went, by the numbers of Proxmox VE. */
export const result = {
  success: 0,
  error: 1,
  tryAgain: 2,
  wrongNode: 3,
  unknownType: 4,
  unknownCommand: 5,
  invalidParameter: 6,
  unknownService: 7,
} as const;

export interface LrmResult {
  sid: string;
  state: ServiceState;
  exit_code: number;
}

export interface LrmStatus {
  state: LrmState;
  mode: LrmMode;
  /** By uid. */
  results: Record<string, LrmResult>;
  /** Seconds. */
  timestamp: number;
}

/** How an operator wants a service. `enabled`, of old configurations, is `started`. */
export type RequestedState = 'started' | 'stopped' | 'disabled' | 'ignored';

/** A service as it is configured, with the node that its guest is on. */
export interface ServiceConfig {
  state: RequestedState;
  node: string;
  max_restart: number;
  max_relocate: number;
  failback: boolean;
}

export type ServiceConfigs = Record<string, ServiceConfig>;

export type Rule =
  | {
      type: 'node-affinity';
      resources: string[];
      /** Node to priority; the highest is preferred. */
      nodes: Record<string, number>;
      strict: boolean;
      disabled?: boolean;
    }
  | { type: 'resource-affinity'; resources: string[]; affinity: 'positive' | 'negative'; disabled?: boolean };

export type ShutdownPolicy = 'conditional' | 'freeze' | 'failover' | 'migrate';

/** What operators ask of the master. */
export type Command =
  | { verb: 'migrate' | 'relocate'; sid: string; node: string }
  | { verb: 'stop'; sid: string; timeout: number }
  | { verb: 'enable-node-maintenance' | 'disable-node-maintenance'; node: string };

const typeOf = (sid: string) => sid.slice(0, sid.indexOf(':'));
export const isVm = (sid: string) => typeOf(sid) === 'vm';

export const managerLock = 'ha_manager_lock';
export const agentLock = (node: string) => `ha_agent_${node}_lock`;

/** Services that an LRM must keep its lock for: those on the node, or on their way to it, which may be running. */
export function activeServices(services: Services, node: string): number {
  const idle: ServiceState[] = ['stopped', 'freeze', 'error', 'request_start'];
  return Object.values(services).filter(
    (service) => (service.node === node || service.target === node) && !idle.includes(service.state),
  ).length;
}

export function hasFencedService(services: Services, node: string): boolean {
  return Object.values(services).some((service) => service.node === node && service.state === 'fence');
}
