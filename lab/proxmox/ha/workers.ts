import type { Environment } from './environment.ts';
import { type LrmResult, result, type ServiceState, type Services } from './state.ts';

/** So long guests are waited for in one round, s: the lock must be renewed in time. */
const PATIENCE = 8;

interface Order {
  sid: string;
  /** Undefined for a stop that this machine's shutdown wants and no master has ordered. */
  uid: string | undefined;
  state: ServiceState;
  target?: string | undefined;
  timeout?: number | undefined;
  /** How often it could not begin: who waits longest is first. */
  passedOver: number;
  running?: Promise<void>;
}

/** Carries out the orders for a node's guests, a few at a time and one for each guest. */
export class Workers {
  readonly #env: Environment;
  readonly #orders = new Map<string, Order>();
  readonly #restarts = new Map<string, number>();
  #services: Services = {};
  results: Record<string, LrmResult> = {};
  hasFailedToStop = false;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Stops every guest of this node, whatever the master says. */
  stopAll(services: Services): void {
    for (const [sid, { node }] of Object.entries(services)) {
      if (node === this.#env.node) this.#queue({ sid, uid: undefined, state: 'request_stop', passedOver: 0 });
    }
  }

  /** @returns how many orders are not done yet */
  async run(services: Services, orders?: 'with new orders'): Promise<number> {
    this.#services = services;
    if (orders) this.#takeOrders();
    const began = this.#env.now();
    while (this.#orders.size > 0 && this.#env.now() - began <= PATIENCE) {
      this.#begin();
      const running = [...this.#orders.values()].flatMap(({ running }) => running ?? []);
      if (running.length === 0) break;
      await Promise.race([...running, this.#env.sleep(1)]);
    }
    return this.#orders.size;
  }

  #takeOrders(): void {
    for (const sid of this.#restarts.keys()) if (!this.#services[sid]) this.#restarts.delete(sid);
    // In recovery it is the master's; frozen, nobody's; and a start begins when the master has chosen the node.
    const none: ServiceState[] = ['recovery', 'freeze', 'request_start'];
    for (const [sid, { node, uid, state, target, timeout }] of Object.entries(this.#services)) {
      if (node !== this.#env.node || none.includes(state)) continue;
      this.#queue({ sid, uid, state, target, timeout, passedOver: 0 });
    }
  }

  #queue(order: Order): void {
    // What was done is not done twice before the master has seen its result; but what is stopped is kept so, also without a master.
    if (order.state !== 'stopped' && order.uid !== undefined && this.results[order.uid]) return;
    if (this.#orders.get(order.sid)?.running) return;
    this.#orders.set(order.sid, order);
  }

  #begin(): void {
    const all = [...this.#orders.values()];
    let free = this.#env.workers - all.filter(({ running }) => running).length;
    const waiting = all
      .filter(({ running }) => !running)
      .sort((a, b) => b.passedOver - a.passedOver || (a.sid < b.sid ? -1 : 1));
    for (const order of waiting) {
      order.passedOver++;
      if (free-- > 0) order.running = this.#carryOut(order);
    }
  }

  async #carryOut(order: Order): Promise<void> {
    const code = await this.#act(order).catch((error: Error) => {
      this.#env.tell({ warning: `${order.sid}: ${error.message}` });
      return -1;
    });
    this.#orders.delete(order.sid);
    if (order.uid === undefined) {
      if (code !== result.success) this.hasFailedToStop = true;
      return;
    }
    const judged = await this.#judge(order, code);
    if (judged === result.tryAgain) return;
    this.results[order.uid] = { sid: order.sid, state: order.state, exit_code: judged };
    const current = new Set(Object.values(this.#services).map(({ uid }) => uid));
    this.results = Object.fromEntries(Object.entries(this.results).filter(([uid]) => current.has(uid)));
  }

  /** A failed start is tried again here so often as the configuration says, before the master hears of it. */
  async #judge({ sid, state }: Order, code: number): Promise<number> {
    if (state !== 'started') return code;
    const tries = this.#restarts.get(sid) ?? 0;
    const { max_restart = 0 } = (await this.#env.readServices())[sid] ?? {};
    const again = code === result.error && tries < max_restart;
    this.#restarts.set(sid, again ? tries + 1 : 0);
    return again ? result.tryAgain : code;
  }

  async #act({ sid, state, target, timeout }: Order): Promise<number> {
    const env = this.#env;
    const config = (await env.readServices())[sid];
    if (!config) return result.unknownService;
    if (state === 'error') return result.success;
    if (config.node !== env.node) return result.wrongNode;
    switch (state) {
      case 'started':
        return this.#start(sid);
      case 'request_stop':
      case 'stopped':
        return this.#stop(sid, timeout);
      case 'migrate':
      case 'relocate':
        return target === undefined ? result.invalidParameter : this.#move(sid, target, state);
      default:
        return result.unknownCommand;
    }
  }

  async #start(sid: string): Promise<number> {
    const env = this.#env;
    const { guests } = env;
    if (await guests.isRunning(sid)) return result.success;
    env.tell({ starting: sid });
    await guests.start(sid);
    if (!(await guests.isRunning(sid))) return result.error;
    env.tell({ started: sid });
    return result.success;
  }

  async #stop(sid: string, timeout: number | undefined): Promise<number> {
    const env = this.#env;
    const { guests } = env;
    if (!(await guests.isRunning(sid))) return result.success;
    env.tell({ stopping: sid });
    await guests.stop(sid, timeout);
    if (await guests.isRunning(sid)) return result.error;
    env.tell({ stopped: sid });
    return result.success;
  }

  async #move(sid: string, target: string, how: 'migrate' | 'relocate'): Promise<number> {
    return (await this.#env.guests.move(sid, target, how === 'migrate')) ? result.success : result.error;
  }
}
