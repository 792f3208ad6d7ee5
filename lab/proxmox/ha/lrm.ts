import type { Environment } from './environment.ts';
import { GuardedLock } from './guarded-lock.ts';
import {
  activeServices,
  agentLock,
  hasFencedService,
  type LrmMode,
  type LrmState,
  type NodeState,
  type Services,
} from './state.ts';
import { Workers } from './workers.ts';

const ROUND = 10;
const IDLE_PAUSE = 5;
/** An LRM without services gives its lock up after so many rounds. */
const IDLE_ROUNDS = 60;
/** One that cannot get its lock back ends so long after it lost it, where a restart of the service was asked for, s. */
const HOPELESS = 90;

/** The local resource manager of a node: does to its guests what the master has decided, as long as it holds the node's lock. */
export class Lrm {
  readonly #env: Environment;
  readonly #workers: Workers;
  #state: LrmState = 'startup';
  #since = 0;
  #mode: LrmMode = 'active';
  #services: Services = {};
  #ownState: NodeState = 'unknown';
  readonly #lock: GuardedLock;
  #idleRounds = 0;
  #isShuttingDown = false;
  #hasTold = false;

  constructor(env: Environment) {
    this.#env = env;
    this.#lock = new GuardedLock(env, agentLock(env.node));
    this.#workers = new Workers(env);
    this.#to('wait_for_agent_lock');
  }

  get state(): LrmState {
    return this.#state;
  }

  /** The machine, or only this service, is to end: what becomes of the guests is the policy's. */
  async shutDown(): Promise<void> {
    if (this.#isShuttingDown) return;
    const machine = this.#env.machineShutdown();
    const policy = await this.#env.shutdownPolicy();
    const moves = policy === 'migrate';
    // Stopped here in any case: a machine that goes down under a running guest may spoil it.
    if (machine && !moves) this.#workers.stopAll(this.#services);
    if (this.#mode !== 'maintenance') this.#mode = modeFor(machine, policy);
    this.#isShuttingDown = true;
    await this.#tell();
  }

  /** One round. @returns false when it has ended */
  async round(): Promise<boolean> {
    const isCurrent = await this.#env.refresh();
    this.#hasTold ||= await this.#tell();
    if (!this.#hasTold) {
      await this.#env.sleep(IDLE_PAUSE);
      return !this.#isShuttingDown;
    }
    await this.#readMaster();
    await this.#changeState();
    return this.#work(isCurrent);
  }

  async #changeState(): Promise<void> {
    const isToBeFenced = hasFencedService(this.#services, this.#env.node) || this.#ownState === 'fence';
    switch (this.#state) {
      case 'wait_for_agent_lock':
        if (!isToBeFenced && this.#active() > 0 && this.#env.quorate() && (await this.#lock.take())) this.#to('active');
        return;
      case 'lost_agent_lock':
        if (!isToBeFenced && this.#env.quorate() && (await this.#lock.take())) this.#to('active');
        return;
      case 'active':
        // Not renewed and not given back: the watchdog resets this machine before anybody can take the lock.
        if (isToBeFenced || !(await this.#lock.take())) this.#to('lost_agent_lock');
        else if (this.#mode === 'maintenance') this.#to('maintenance');
        else await this.#countIdleRound();
        return;
      case 'maintenance':
        if (isToBeFenced) this.#to('lost_agent_lock');
        else if (this.#active() > 0 || (await this.#workers.run(this.#services)) > 0) {
          if (!(await this.#lock.take())) this.#to('lost_agent_lock');
        } else if (this.#mode !== 'maintenance') this.#to((await this.#lock.take()) ? 'active' : 'lost_agent_lock');
    }
  }

  async #work(isCurrent: boolean): Promise<boolean> {
    switch (this.#state) {
      case 'active':
        return this.#workActive(isCurrent);
      case 'maintenance':
        return this.#workInMaintenance();
      case 'lost_agent_lock':
        return this.#workWithoutLock();
      default:
        if (this.#isShuttingDown) return false;
        await this.#tell();
        await this.#env.sleep(IDLE_PAUSE);
        return true;
    }
  }

  async #workActive(isCurrent: boolean): Promise<boolean> {
    const env = this.#env;
    const began = env.now();
    let isOver = false;
    try {
      await this.#readMaster();
      if (this.#isShuttingDown) isOver = await this.#endGuests();
      else if (isCurrent) await this.#workers.run(this.#services, 'with new orders');
    } catch (error) {
      env.tell({ warning: (error as Error).message });
    }
    await this.#tell();
    if (isOver) return false;
    await env.sleep(Math.max(0, began + ROUND - env.now()));
    return true;
  }

  /** @returns true when nothing runs here any more that this LRM would have to keep watch over */
  async #endGuests(): Promise<boolean> {
    const working = await this.#workers.run(this.#services);
    if (working > 0) return false;
    // A restart waits until the master has frozen them all; they go on running.
    if (this.#mode === 'restart' && this.#active() > 0) return false;
    // With a guest that did not stop, the lock is left to its time and the watchdog to its work.
    if (this.#mode === 'restart' || !this.#workers.hasFailedToStop) await this.#lock.release();
    return true;
  }

  async #workInMaintenance(): Promise<boolean> {
    const env = this.#env;
    const began = env.now();
    await this.#readMaster();
    const isEmpty = this.#active() === 0 && (await this.#workers.run(this.#services)) === 0;
    if (isEmpty) await this.#lock.release();
    const isOver = isEmpty && this.#isShuttingDown;
    if (!isOver) await this.#workers.run(this.#services, 'with new orders');
    await this.#tell();
    if (isOver) return false;
    await env.sleep(Math.max(0, began + IDLE_PAUSE - env.now()));
    return true;
  }

  /** The watchdog is not fed. If the lock does not come back soon, this machine is reset. */
  async #workWithoutLock(): Promise<boolean> {
    const env = this.#env;
    if (this.#isShuttingDown) {
      if (this.#active() === 0) {
        this.#lock.unguard();
        return false;
      }
      if (this.#mode === 'restart' && env.now() - this.#since > HOPELESS) return false;
    }
    await env.sleep(IDLE_PAUSE);
    return true;
  }

  async #countIdleRound(): Promise<void> {
    const isNeeded = Object.values(this.#services).some(({ node }) => node === this.#env.node);
    if (isNeeded || (await this.#workers.run(this.#services)) > 0) {
      this.#idleRounds = 0;
      return;
    }
    this.#idleRounds++;
    if (this.#idleRounds <= IDLE_ROUNDS) return;
    this.#idleRounds = 0;
    await this.#lock.release();
    this.#to('wait_for_agent_lock');
  }

  #active(): number {
    return activeServices(this.#services, this.#env.node);
  }

  /** What the master has decided; the last that was read, where it cannot be. */
  async #readMaster(): Promise<void> {
    const status = await this.#env.readManagerStatus().catch(() => undefined);
    if (!status) return;
    this.#services = status.service_status ?? {};
    this.#ownState = status.node_status?.[this.#env.node] ?? 'unknown';
    if (this.#isShuttingDown) return;
    this.#mode = status.node_request?.[this.#env.node]?.maintenance ? 'maintenance' : 'active';
  }

  async #tell(): Promise<boolean> {
    if (!this.#env.quorate()) return false;
    const status = {
      state: this.#state,
      mode: this.#mode,
      results: this.#workers.results,
      timestamp: this.#env.now(),
    };
    return this.#env.writeLrmStatus(status).then(
      () => true,
      (error: Error) => {
        this.#env.tell({ warning: error.message });
        return false;
      },
    );
  }

  #to(state: LrmState): void {
    if (state === this.#state) return;
    this.#env.tell({ state: [this.#state, state] });
    this.#state = state;
    this.#since = this.#env.now();
  }
}

function modeFor(machine: 'shutdown' | 'reboot' | undefined, policy: string): LrmMode {
  if (!machine) return 'restart';
  if (policy === 'migrate') return 'maintenance';
  if (policy === 'failover') return 'shutdown';
  return policy === 'freeze' || machine === 'reboot' ? 'restart' : 'shutdown';
}
