import { COMMANDS } from '../config/commands.ts';
import { DATACENTER, shutdownPolicyOf } from '../config/datacenter.ts';
import { guestPlaces } from '../config/guest-files.ts';
import { RESOURCES, serviceConfigs, sidOf, withResource } from '../config/resources.ts';
import { RULES, rulesOf } from '../config/rules.ts';
import { parseSections } from '../config/sections.ts';
import type { Clock } from '../ha/clock.ts';
import type { LrmStatus, ManagerStatus, RequestedState, Rule, ServiceConfigs, ShutdownPolicy } from '../ha/state.ts';
import type { ClusterFiles, HaFiles } from '../node/parts.ts';

export const MANAGER_STATUS = 'ha/manager_status';
export const lrmStatusFile = (node: string) => `nodes/${node}/lrm_status`;

/** High availability as the replicated files have it. */
export class HaFolder implements HaFiles {
  readonly #files: ClusterFiles;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(files: ClusterFiles, clock: Pick<Clock, 'now'>) {
    this.#files = files;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  async managerStatus(): Promise<ManagerStatus> {
    return this.#json(MANAGER_STATUS);
  }

  async lrmStatus(node: string): Promise<Partial<LrmStatus>> {
    return this.#json(lrmStatusFile(node));
  }

  async services(): Promise<ServiceConfigs> {
    const [text = '', guests] = await Promise.all([this.#files.read(RESOURCES), guestPlaces(this.#files)]);
    return serviceConfigs(text, (sid) => guests.get(sid));
  }

  async rules(): Promise<Rule[]> {
    return rulesOf((await this.#files.read(RULES)) ?? '');
  }

  async shutdownPolicy(): Promise<ShutdownPolicy> {
    return shutdownPolicyOf((await this.#files.read(DATACENTER)) ?? '');
  }

  /** Of a resource that is under HA no more, nothing is set. */
  async setRequestedState(sid: string, state: RequestedState): Promise<void> {
    await this.#files.update(RESOURCES, (text = '') =>
      parseSections(text).some((section) => sidOf(section) === sid) ? withResource(text, sid, { state }) : text,
    );
  }

  async queue(command: string): Promise<void> {
    await this.#files.update(COMMANDS, (text = '') => `${text}${command}\n`);
  }

  async #json<T extends object>(path: string): Promise<T | Record<string, never>> {
    const text = await this.#files.read(path);
    return text ? (JSON.parse(text) as T) : {};
  }
}
