/** What becomes of one service in a round of the master: a function a state. */
import type { Nodes } from './nodes.ts';
import type { Preference } from './select.ts';
import {
  isVm,
  type LrmMode,
  type LrmResult,
  type RequestedState,
  result,
  type ServiceConfig,
  type ServiceState,
  type ServiceStatus,
} from './state.ts';

/** What the master offers to the rules of a state. */
export interface Round {
  readonly nodes: Nodes;
  readonly now: number;
  modeOf(node: string): LrmMode | undefined;
  select(sid: string, config: ServiceConfig, preference: Preference): string | undefined;
  /** A new state, with a new order to the LRM; what belonged to the old one is forgotten. */
  change(sid: string, state: ServiceState, more?: Partial<Pick<ServiceStatus, 'node' | 'target' | 'timeout'>>): void;
  /** The same order again, under a new name. */
  renew(sid: string): void;
  setRequestedState(sid: string, state: RequestedState): Promise<void>;
  takeOver(sid: string, from: string, to: string): Promise<void>;
  warn(text: string): void;
}

interface Service {
  sid: string;
  /** A service without configuration is like a disabled one. */
  config: ServiceConfig | undefined;
  status: ServiceStatus;
  /** How the LRM's order went; undefined while it has not said. */
  done: LrmResult | undefined;
}

type Next = (round: Round, service: Service) => unknown;

const wants = ({ config }: Service): RequestedState => config?.state ?? 'disabled';
/** What comes after a move or a thaw. */
const resumed = (service: Service): ServiceState => (wants(service) === 'started' ? 'started' : 'request_stop');

export const next: Record<ServiceState, Next> = {
  request_start: (round, { sid, status }) => round.change(sid, 'started', { node: status.node }),
  request_start_balance: moved,
  started,
  request_stop(round, service) {
    if (service.done) {
      const isStopped = service.done.exit_code === result.success;
      if (!isStopped) round.warn(`${service.sid} could not be stopped`);
      return round.change(service.sid, isStopped ? 'stopped' : 'error');
    }
    fenceIfLost(round, service);
  },
  stopped,
  migrate: moved,
  relocate: moved,
  fence() {
    // Until its node is fenced.
  },
  recovery,
  freeze(round, service) {
    if (round.modeOf(service.status.node) === 'active') round.change(service.sid, resumed(service));
  },
  error(round, service) {
    if (wants(service) !== 'disabled') return;
    delete service.status.failed_nodes;
    round.change(service.sid, 'stopped');
  },
};

function fenceIfLost(round: Round, { sid, status }: Service): void {
  if (round.nodes.isAwayFor(status.node, round.now)) round.change(sid, 'fence');
}

function moved(round: Round, service: Service): void {
  const { sid, status, done } = service;
  if (!done) fenceIfLost(round, service);
  else if (done.exit_code === result.success) round.change(sid, resumed(service), { node: status.target! });
  else {
    round.warn(`${sid} could not be moved to ${status.target} (${done.exit_code})`);
    if (done.exit_code === result.wrongNode) round.change(sid, 'error');
    else round.change(sid, resumed(service), { node: status.node });
  }
}

/** A command to move it, if it can be carried out; commands are dropped otherwise. */
function commandedMove(round: Round, { sid, status }: Service): boolean {
  const [verb, node] = status.cmd!;
  if (verb === 'stop') return false;
  if (!round.nodes.isOnline(node)) round.warn(`${sid} is not moved to ${node}: that node is not online`);
  else if (node === status.node) round.warn(`${sid} is not moved to ${node}: it is there`);
  else {
    round.change(sid, verb, { node: status.node, target: node });
    return true;
  }
  return false;
}

function stopped(round: Round, service: Service): void {
  const { sid, status, config } = service;
  // A node that was fenced while a guest was moving.
  if (config && status.node !== config.node) status.node = config.node;
  if (status.cmd) {
    if (commandedMove(round, service)) return;
    delete status.cmd;
  }
  if (wants(service) === 'disabled') return;
  const isAway = round.nodes.isAwayFor(status.node, round.now);
  if (isAway && round.nodes.stateOf(status.node) !== 'maintenance') round.change(sid, 'fence');
  else if (wants(service) === 'started') round.change(sid, 'request_start', { node: status.node });
}

async function started(round: Round, service: Service): Promise<void> {
  const { sid, status, config } = service;
  if (!round.nodes.isOnline(status.node)) {
    const isInMaintenance = round.nodes.stateOf(status.node) === 'maintenance';
    fenceIfLost(round, service);
    if (!isInMaintenance) return;
    status.maintenance_node = status.node;
  }
  if (wants(service) !== 'started' || !config) return round.change(sid, 'request_stop');
  if (status.cmd) return obey(round, service);
  const preference = judgeStart(round, service, config);
  if (preference === undefined) return round.change(sid, 'error');
  settle(round, service, round.select(sid, config, preference));
}

async function obey(round: Round, service: Service): Promise<void> {
  const { sid, status } = service;
  const [verb, argument] = status.cmd!;
  if (verb === 'stop') {
    round.change(sid, 'request_stop', { timeout: argument });
    await round.setRequestedState(sid, 'stopped');
  } else commandedMove(round, service);
  delete status.cmd;
}

/** How to choose its node after what the LRM said of its start; undefined: it has failed too often. */
function judgeStart(round: Round, { sid, status, done }: Service, config: ServiceConfig): Preference | undefined {
  if (!done) return 'stay';
  if (done.exit_code === result.success) {
    delete status.failed_nodes;
    status.running = 1;
    return 'stay';
  }
  delete status.running;
  status.failed_nodes = [...(status.failed_nodes ?? []), status.node];
  const mayBeTried = done.exit_code === result.error || done.exit_code === result.wrongNode;
  if (mayBeTried && status.failed_nodes.length <= config.max_relocate) return 'next';
  round.warn(`${sid} could not be started on ${status.failed_nodes.join(', ')}: error`);
  return undefined;
}

function settle(round: Round, { sid, status, done }: Service, node: string | undefined): void {
  const home = status.maintenance_node;
  if (node !== undefined && node !== status.node) {
    if (home !== undefined && (node === home || status.node !== home)) delete status.maintenance_node;
    round.change(sid, isVm(sid) ? 'migrate' : 'relocate', { node: status.node, target: node });
    return;
  }
  // The whole cluster was down at once: it never left.
  if (home === status.node && round.nodes.isOnline(home)) delete status.maintenance_node;
  // So that a guest that ended by itself is started again; not before its result was seen.
  if (done) round.renew(sid);
}

async function recovery(round: Round, service: Service): Promise<void> {
  const { sid, status, config } = service;
  const target = config && round.select(sid, config, 'best');
  if (target !== undefined) {
    const lost = status.node;
    await round.takeOver(sid, lost, target);
    status.node = target;
    config!.node = target;
    return round.change(sid, resumed(service), { node: target });
  }
  round.warn(`${sid} cannot be recovered from ${status.node}: no node may have it`);
  if (wants(service) !== 'disabled') return;
  delete status.failed_nodes;
  round.change(sid, 'stopped');
}
