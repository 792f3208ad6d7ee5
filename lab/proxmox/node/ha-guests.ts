import type { LrmActions } from '../api/guest-actions.ts';
import { configPath } from '../config/guest-files.ts';
import type { Guests } from '../ha/environment.ts';
import type { ClusterFiles, Hypervisor } from './parts.ts';

/** A node's guests as its LRM works on them. */
export class HaGuests implements Guests {
  readonly #node: string;
  readonly #files: ClusterFiles;
  readonly #hypervisor: Hypervisor;
  readonly #actions: LrmActions;

  constructor(node: string, files: ClusterFiles, hypervisor: Hypervisor, actions: LrmActions) {
    this.#node = node;
    this.#files = files;
    this.#hypervisor = hypervisor;
    this.#actions = actions;
  }

  async isRunning(sid: string): Promise<boolean> {
    return this.#hypervisor.running().includes(vmidOf(sid));
  }

  start(sid: string): Promise<void> {
    return this.#actions.start(vmidOf(sid));
  }

  stop(sid: string, timeout: number | undefined): Promise<void> {
    return this.#actions.stop(vmidOf(sid), timeout);
  }

  /** Live, or after it was shut down. */
  async move(sid: string, target: string, online: boolean): Promise<boolean> {
    if (!online && (await this.isRunning(sid))) await this.stop(sid, undefined);
    await this.#actions.migrate(vmidOf(sid), target);
    return (await this.#files.read(configPath(this.#node, vmidOf(sid)))) === undefined;
  }
}

/** Throws for what is no virtual machine: the lab has no containers. */
function vmidOf(sid: string): number {
  const vmid = /^vm:(\d+)$/.exec(sid)?.[1];
  if (vmid === undefined) throw new Error(`the lab runs no '${sid}': only virtual machines`);
  return Number(vmid);
}
