import { COMMANDS, parseCommand } from '../config/commands.ts';
import { configPath } from '../config/guest-files.ts';
import type { Clock } from '../ha/clock.ts';
import type { Environment, Guests, HaEvent, Watchdog } from '../ha/environment.ts';
import type {
  Command,
  LrmStatus,
  ManagerStatus,
  RequestedState,
  Rule,
  ServiceConfigs,
  ShutdownPolicy,
} from '../ha/state.ts';
import { HaFolder, lrmStatusFile, MANAGER_STATUS } from '../store/ha-files.ts';
import { openWatchdog } from '../watchdog/client.ts';
import type { ClusterFiles, Membership } from './parts.ts';
import { WATCHDOG_SOCKET } from './settings.ts';

/** What CRM and LRM of a node of the lab see of the world, for real. */
export interface World {
  membership: Membership;
  files: ClusterFiles;
  guests: Guests;
  clock: Clock;
  machineShutdown: () => 'shutdown' | 'reboot' | undefined;
  /** For the node's log. */
  say: (line: string) => void;
}

export class RealEnvironment implements Environment {
  readonly node: string;
  readonly workers = 4;
  readonly guests: Guests;
  readonly #world: World;
  readonly #ha: HaFolder;
  readonly #who: 'crm' | 'lrm';

  constructor(world: World, who: 'crm' | 'lrm') {
    this.node = world.membership.node;
    this.guests = world.guests;
    this.#world = world;
    this.#ha = new HaFolder(world.files, world.clock);
    this.#who = who;
  }

  now(): number {
    return this.#world.clock.now();
  }

  sleep(seconds: number): Promise<void> {
    return this.#world.clock.sleep(seconds);
  }

  tell(event: HaEvent): void {
    this.#world.say(`${this.#who} ${JSON.stringify(event)}`);
  }

  quorate(): boolean {
    return this.#world.membership.quorate();
  }

  members(): Record<string, boolean> {
    return Object.fromEntries(this.#world.membership.nodes().map(({ name, online }) => [name, online]));
  }

  /** The files are read anew each time: with a majority they are up to date, without one they are what was before. */
  async refresh(): Promise<boolean> {
    return this.quorate();
  }

  readManagerStatus(): Promise<ManagerStatus> {
    return this.#ha.managerStatus();
  }

  async writeManagerStatus(status: ManagerStatus): Promise<void> {
    await this.#world.files.write(MANAGER_STATUS, JSON.stringify(wholeSeconds(status)));
  }

  readLrmStatus(node: string): Promise<Partial<LrmStatus>> {
    return this.#ha.lrmStatus(node);
  }

  async writeLrmStatus(status: LrmStatus): Promise<void> {
    await this.#world.files.write(lrmStatusFile(this.node), JSON.stringify(wholeSeconds(status)));
  }

  readServices(): Promise<ServiceConfigs> {
    return this.#ha.services();
  }

  setRequestedState(sid: string, state: RequestedState): Promise<void> {
    return this.#ha.setRequestedState(sid, state);
  }

  async takeOver(sid: string, from: string, to: string): Promise<void> {
    const [type, id] = sid.split(':') as [string, string];
    const path = (node: string) => configPath(node, id, type);
    if (!(await this.#world.files.move(path(from), path(to)))) throw new Error(`${path(from)} does not exist`);
    // What the guest's end has left of a migration, a snapshot or a backup would keep it from starting.
    await this.#world.files.update(path(to), (text) => text?.replace(/^lock: .*\n/m, ''));
  }

  readRules(): Promise<Rule[]> {
    return this.#ha.rules();
  }

  shutdownPolicy(): Promise<ShutdownPolicy> {
    return this.#ha.shutdownPolicy();
  }

  async hasCommands(): Promise<boolean> {
    return ((await this.#world.files.read(COMMANDS)) ?? '') !== '';
  }

  async takeCommands(): Promise<Command[]> {
    let taken = '';
    await this.#world.files.update(COMMANDS, (text = '') => {
      taken = text;
      return '';
    });
    return taken.split('\n').flatMap((line) => {
      const command = parseCommand(line);
      if (!command && line !== '') this.tell({ warning: `not a command, dropped: ${line}` });
      return command ?? [];
    });
  }

  lock(name: string): Promise<boolean> {
    return this.#world.files.lock(name);
  }

  unlock(name: string): Promise<void> {
    return this.#world.files.unlock(name);
  }

  openWatchdog(): Watchdog {
    return openWatchdog(WATCHDOG_SOCKET, (warning) => this.tell({ warning }));
  }

  machineShutdown(): 'shutdown' | 'reboot' | undefined {
    return this.#world.machineShutdown();
  }
}

/** As Proxmox VE writes them. */
function wholeSeconds<T extends { timestamp?: number }>(status: T): T {
  return { ...status, timestamp: Math.floor(status.timestamp ?? 0) };
}
