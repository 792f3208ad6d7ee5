import type { Environment } from './environment.ts';
import { Nodes } from './nodes.ts';
import { type Affinity, compileRules } from './rules.ts';
import { type Preference, selectNode } from './select.ts';
import { next, type Round } from './services.ts';
import {
  agentLock,
  type Command,
  type LrmMode,
  type LrmResult,
  type ManagerStatus,
  type RequestedState,
  type ServiceConfig,
  type ServiceConfigs,
  type ServiceState,
  type ServiceStatus,
  type Services,
} from './state.ts';

type Move = Extract<Command, { verb: 'migrate' | 'relocate' }>;

/** What the master does in its rounds of 10 s. It begins with what the last master has left. */
export class Manager {
  readonly #env: Environment;
  readonly #nodes: Nodes;
  readonly #services: Services;
  readonly #requests: NonNullable<ManagerStatus['node_request']>;
  #orders = 0;

  static async takeOver(env: Environment): Promise<Manager> {
    return new Manager(env, await env.readManagerStatus());
  }

  private constructor(env: Environment, left: ManagerStatus) {
    this.#env = env;
    this.#services = left.service_status ?? {};
    this.#requests = left.node_request ?? {};
    const onChange: ConstructorParameters<typeof Nodes>[1] = (node, from, to) =>
      env.tell({ node, nodeState: [from, to] });
    this.#nodes = new Nodes(left.node_status ?? {}, onChange);
  }

  async round(): Promise<void> {
    const env = this.#env;
    const { results, modes } = await this.#readLrms();
    this.#nodes.update(env.members(), modes, env.now());
    const own = this.#nodes.stateOf(env.node);
    if (own !== 'online' && own !== 'maintenance') {
      env.tell({ warning: 'the master itself is not online' });
      return;
    }
    const configs = await env.readServices();
    this.#addAndRemove(configs);
    const affinity = compileRules(await env.readRules(), this.#nodes.all());
    for (const command of await env.takeCommands()) this.#note(command, affinity);
    const round = this.#roundOf(modes, affinity);
    while ((await this.#changeServices(round, configs, results)) || (await this.#fence())) {
      // Again, until nothing changes any more.
    }
    await env.writeManagerStatus(this.#status());
  }

  #status(): ManagerStatus {
    return {
      master_node: this.#env.node,
      node_status: this.#nodes.states,
      service_status: this.#services,
      node_request: this.#requests,
      timestamp: this.#env.now(),
    };
  }

  async #readLrms(): Promise<{ results: Record<string, LrmResult>; modes: Record<string, LrmMode> }> {
    const read = await Promise.all(
      this.#nodes.all().map(async (node) => ({ node, status: await this.#env.readLrmStatus(node) })),
    );
    return {
      results: Object.assign({}, ...read.map(({ status }) => status.results)),
      modes: Object.fromEntries(read.map(({ node, status }) => [node, status.mode ?? 'active'])),
    };
  }

  #addAndRemove(configs: ServiceConfigs): void {
    for (const [sid, { state, node }] of Object.entries(configs).sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#services[sid] || state === 'ignored') continue;
      this.#env.tell({ add: sid, on: node });
      // It may be running: to add it must not move it.
      const first = state === 'started' ? 'request_start' : 'request_stop';
      this.#services[sid] = { state: first, node, uid: this.#newOrder() };
    }
    for (const sid of Object.keys(this.#services)) {
      if (configs[sid] && configs[sid].state !== 'ignored') continue;
      delete this.#services[sid];
      this.#env.tell({ remove: sid });
    }
  }

  /** What is asked for is only noted here: a service obeys when it is its turn, if it can. */
  #note(command: Command, affinity: Affinity): void {
    const obstacle = this.#take(command, affinity);
    if (obstacle !== undefined) {
      this.#env.tell({ warning: `command dropped, ${obstacle}: ${JSON.stringify(command)}` });
    }
  }

  /** @returns why it cannot be */
  #take(command: Command, affinity: Affinity): string | undefined {
    switch (command.verb) {
      case 'enable-node-maintenance':
        if (!this.#nodes.isOnline(command.node)) return 'the node is not online';
        this.#requests[command.node] = { maintenance: 1 };
        return;
      case 'disable-node-maintenance':
        delete this.#requests[command.node];
        return;
      default: {
        const service = this.#services[command.sid];
        if (!service) return 'no such service';
        if (command.verb !== 'stop') return this.#takeMove(command, service, affinity);
        service.cmd = ['stop', command.timeout];
      }
    }
  }

  /** Who must be together moves together; a move to one that it must be apart from does not happen. */
  #takeMove({ verb, sid, node }: Move, service: ServiceStatus, affinity: Affinity): string | undefined {
    if (!this.#nodes.isOnline(node)) return 'the node is not online';
    if (service.node === node) return 'it is there';
    const isAt = (status: ServiceStatus) => status.node === node || status.target === node;
    const others = (group: Map<string, Set<string>>) =>
      [...(group.get(sid) ?? [])].sort().filter((other) => this.#services[other]);
    const inTheWay = others(affinity.apart).find((other) => isAt(this.#services[other]!));
    if (inTheWay !== undefined) return `${inTheWay}, which it must be apart from, is there`;
    const following = others(affinity.together).filter((other) => !isAt(this.#services[other]!));
    for (const mover of [sid, ...following]) this.#services[mover]!.cmd = [verb, node];
  }

  #roundOf(modes: Record<string, LrmMode>, affinity: Affinity): Round {
    const env = this.#env;
    return {
      nodes: this.#nodes,
      now: env.now(),
      modeOf: (node) => modes[node],
      select: (sid: string, config: ServiceConfig, preference: Preference) =>
        selectNode(sid, config, preference, { services: this.#services, affinity, online: this.#nodes.online() }),
      change: (sid, state, more = {}) => this.#change(sid, state, more),
      renew: (sid) => {
        this.#services[sid]!.uid = this.#newOrder();
      },
      setRequestedState: (sid: string, state: RequestedState) => env.setRequestedState(sid, state),
      takeOver: async (sid, from, to) => {
        env.tell({ recover: sid, move: [from, to] });
        await env.takeOver(sid, from, to);
      },
      warn: (warning) => env.tell({ warning }),
    };
  }

  /** @returns true if a service has changed */
  async #changeServices(round: Round, configs: ServiceConfigs, results: Record<string, LrmResult>): Promise<boolean> {
    let hasChanged = false;
    for (const sid of Object.keys(this.#services).sort()) {
      const status = this.#services[sid]!;
      const before = status.state;
      await next[before](round, { sid, config: configs[sid], status, done: results[status.uid] });
      const isFreezable = ['started', 'stopped', 'request_stop'].includes(status.state);
      if (isFreezable && round.modeOf(status.node) === 'restart') this.#change(sid, 'freeze', {});
      hasChanged ||= status.state !== before;
    }
    return hasChanged;
  }

  /** Takes the locks of nodes that are to be fenced. @returns true if one was fenced */
  async #fence(): Promise<boolean> {
    const waiting = Object.entries(this.#services).filter(([, { state }]) => state === 'fence');
    const nodes = new Set([
      ...waiting.map(([, { node }]) => node),
      // A node whose services were taken away from it by hand must not stay in that state.
      ...this.#nodes.all().filter((node) => this.#nodes.stateOf(node) === 'fence'),
    ]);
    let isFenced = false;
    for (const node of [...nodes].sort()) {
      this.#nodes.set(node, 'fence');
      if (!(await this.#env.lock(agentLock(node)))) continue;
      this.#env.tell({ fenced: node });
      this.#nodes.set(node, 'unknown');
      for (const [sid, status] of waiting.sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (status.node === node) this.#change(sid, 'recovery', {});
      }
      isFenced = true;
    }
    return isFenced;
  }

  #change(sid: string, state: ServiceState, more: Partial<Pick<ServiceStatus, 'node' | 'target' | 'timeout'>>): void {
    const status = this.#services[sid]!;
    const { state: before, node, failed_nodes, maintenance_node } = status;
    if (before === state) return;
    for (const key of Object.keys(status) as (keyof ServiceStatus)[]) delete status[key];
    Object.assign(status, {
      state,
      node,
      ...(failed_nodes ? { failed_nodes } : {}),
      ...(maintenance_node === undefined ? {} : { maintenance_node }),
      ...more,
      uid: this.#newOrder(),
    });
    this.#env.tell({
      service: sid,
      serviceState: [before, state],
      ...(more.node === undefined ? {} : { on: more.node }),
      ...(more.target === undefined ? {} : { to: more.target }),
    });
  }

  /** Unlike any that another master has given. */
  #newOrder(): string {
    this.#orders++;
    return `${this.#env.node}-${this.#env.now()}-${this.#orders}`;
  }
}
