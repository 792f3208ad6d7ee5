/**
 * High availability over a cluster in memory: the lab's own manager decides, and guests move as slowly as a test wants. A round is ten seconds of
 * the manager's clock and a moment of the test's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { configPath } from '../../lab/proxmox/config/guest-files.ts';
import type { Clock } from '../../lab/proxmox/ha/clock.ts';
import type { Guests } from '../../lab/proxmox/ha/environment.ts';
import { Manager } from '../../lab/proxmox/ha/manager.ts';
import { type LrmResult, result, type ServiceStatus } from '../../lab/proxmox/ha/state.ts';
import { RealEnvironment } from '../../lab/proxmox/node/ha-environment.ts';
import { lrmStatusFile } from '../../lab/proxmox/store/ha-files.ts';
import type { MemoryCluster } from './memory-cluster.ts';

const ROUND = 10;
const MASTER = 'pve1';

export class MemoryHa {
  /** How many rounds a move takes, once the manager has begun it. */
  roundsAMove = 2;
  /** Guests that have moved, by HA's names: `vm:101 pve2`. */
  readonly moved: string[] = [];
  readonly #cluster: MemoryCluster;
  readonly #env: RealEnvironment;
  #manager!: Manager;
  #now = Math.floor(Date.now() / 1000);
  /** For how many rounds what is ordered has been worked on, by the order's name. */
  readonly #worked = new Map<string, number>();
  readonly #results: Record<string, Record<string, LrmResult>> = {};
  #isGoing = false;
  #going: Promise<void> = Promise.resolve();

  private constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
    const { membership, files } = cluster.parts(MASTER);
    const clock = { now: () => this.#now } as Clock;
    const more = { guests: {} as Guests, machineShutdown: () => undefined, say: () => {} };
    this.#env = new RealEnvironment({ membership, files, clock, ...more }, 'crm');
  }

  static async start(cluster: MemoryCluster): Promise<MemoryHa> {
    const ha = new MemoryHa(cluster);
    ha.#manager = await Manager.takeOver(ha.#env);
    return ha;
  }

  /** By the manager's clock. */
  get seconds(): number {
    return this.#now;
  }

  async round(): Promise<void> {
    this.#now += ROUND;
    await this.#manager.round();
    const { service_status: services = {} } = await this.#env.readManagerStatus();
    for (const [sid, status] of Object.entries(services)) {
      if (status.target !== undefined) await this.#move(sid, status, status.target);
    }
  }

  /** Rounds, one after another, until `pause`. */
  go(every = 150): void {
    this.#isGoing = true;
    this.#going = (async () => {
      while (this.#isGoing) {
        await this.round();
        await sleep(every);
      }
    })();
  }

  async pause(): Promise<void> {
    this.#isGoing = false;
    await this.#going;
  }

  /** As the LRM of its node does: its configuration goes to the other node at the end. */
  async #move(sid: string, { node, uid, state }: ServiceStatus, target: string): Promise<void> {
    const worked = (this.#worked.get(uid) ?? 0) + 1;
    this.#worked.set(uid, worked);
    if (worked !== this.roundsAMove) return;
    const vmid = Number(sid.split(':')[1]);
    const { hypervisor, files } = this.#cluster.parts(node);
    await hypervisor.migrate(vmid, { tags: 'agent' }, target, () => {});
    await files.move(configPath(node, vmid), configPath(target, vmid));
    this.moved.push(`${sid} ${target}`);
    const results = { ...this.#results[node], [uid]: { sid, state, exit_code: result.success } };
    this.#results[node] = results;
    const status = { state: 'active', mode: 'active', timestamp: this.#now, results };
    await files.write(lrmStatusFile(node), JSON.stringify(status));
  }
}
