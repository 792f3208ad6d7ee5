import type { Environment } from './environment.ts';
import { GuardedLock } from './guarded-lock.ts';
import { Manager } from './manager.ts';
import { type CrmState, hasFencedService, type ManagerStatus, managerLock } from './state.ts';

const ROUND = 10;
const IDLE_PAUSE = 5;
/** A master without services gives its lock up after so many rounds. */
const IDLE_ROUNDS = 90;

/** The cluster resource manager of a node: one of them holds the lock and is the master, which decides for all. */
export class Crm {
  readonly #env: Environment;
  #state: CrmState = 'startup';
  #manager: Manager | undefined;
  readonly #lock: GuardedLock;
  #idleRounds = 0;
  #isShuttingDown = false;

  constructor(env: Environment) {
    this.#env = env;
    this.#lock = new GuardedLock(env, managerLock);
    this.#to('wait_for_quorum');
  }

  get state(): CrmState {
    return this.#state;
  }

  /** It gives its lock up and ends in its next round. */
  shutDown(): void {
    this.#isShuttingDown = true;
  }

  /** One round. @returns false when it has ended */
  async round(): Promise<boolean> {
    const isCurrent = await this.#env.refresh();
    await this.#changeState(isCurrent);
    return this.#work(isCurrent);
  }

  async #changeState(isCurrent: boolean): Promise<void> {
    if (this.#state === 'wait_for_quorum' || this.#state === 'slave') {
      const isNeeded = await this.#mayBeActive(isCurrent, 'if needed');
      if (isNeeded && (await this.#lock.take())) await this.#becomeMaster();
      else this.#to(isNeeded ? 'slave' : 'wait_for_quorum');
    } else if (this.#state === 'lost_manager_lock') {
      if ((await this.#mayBeActive(isCurrent, 'in any case')) && (await this.#lock.take())) await this.#becomeMaster();
    } else if (this.#state === 'master') {
      if (!(await this.#lock.take())) this.#to('lost_manager_lock');
      else await this.#countIdleRound(isCurrent);
    }
  }

  async #work(isCurrent: boolean): Promise<boolean> {
    const env = this.#env;
    if (this.#state === 'lost_manager_lock') {
      // It decides nothing any more, and runs nothing: nothing could happen twice.
      this.#lock.unguard();
      if (this.#isShuttingDown) return false;
      this.#to('wait_for_quorum');
      return true;
    }
    if (this.#isShuttingDown) {
      if (this.#state === 'master') {
        env.tell({ unlock: managerLock });
        await this.#lock.release();
      }
      return false;
    }
    if (this.#state !== 'master') {
      await env.sleep(IDLE_PAUSE);
      return true;
    }
    const began = env.now();
    if (isCurrent) await this.#manager!.round().catch((error: Error) => env.tell({ warning: error.message }));
    await env.sleep(Math.max(0, began + ROUND - env.now()));
    return true;
  }

  async #mayBeActive(isCurrent: boolean, when: 'if needed' | 'in any case'): Promise<boolean> {
    const status = await this.#healthyStatus(isCurrent);
    if (!status) return false;
    return when === 'in any case' || (await this.#isNeeded(status));
  }

  /** The master's status, where the cluster is such that decisions may be taken here. */
  async #healthyStatus(isCurrent: boolean): Promise<ManagerStatus | undefined> {
    if (!this.#env.quorate() || !isCurrent) return undefined;
    const status = await this.#env.readManagerStatus().catch(() => undefined);
    if (!status || hasFencedService(status.service_status ?? {}, this.#env.node)) return undefined;
    return status;
  }

  /** Without services a master is needed only to end what the last one has left. */
  async #isNeeded(status: ManagerStatus): Promise<boolean> {
    const configs = await this.#env.readServices().catch(() => undefined);
    if (!configs) return false;
    if (Object.keys(configs).length > 0) return true;
    const { master_node: master, node_status: nodes = {}, node_request: requests = {}, service_status = {} } = status;
    if (master !== undefined && nodes[master] === 'online' && master !== this.#env.node) return false;
    const isOverdue = Object.entries(nodes).some(
      ([node, state]) => state === 'maintenance' && !requests[node]?.maintenance,
    );
    return isOverdue || Object.keys(service_status).length > 0 || (await this.#env.hasCommands());
  }

  async #countIdleRound(isCurrent: boolean): Promise<void> {
    const status = await this.#healthyStatus(isCurrent);
    const configs = status && (await this.#env.readServices().catch(() => undefined));
    const left = [configs, status?.service_status].flatMap((services) => Object.keys(services ?? {}));
    if (!configs || left.length > 0) {
      this.#idleRounds = 0;
      return;
    }
    this.#idleRounds++;
    if (this.#idleRounds <= IDLE_ROUNDS) return;
    this.#idleRounds = 0;
    await this.#lock.release();
    this.#to('wait_for_quorum');
  }

  async #becomeMaster(): Promise<void> {
    this.#to('master');
    this.#manager = await Manager.takeOver(this.#env);
  }

  #to(state: CrmState): void {
    if (state === this.#state) return;
    this.#env.tell({ state: [this.#state, state] });
    this.#state = state;
    if (state !== 'master') this.#manager = undefined;
  }
}
