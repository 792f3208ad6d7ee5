/**
 * A cluster in virtual time, for recorded cases of the HA manager: the same CRM and LRM as in the lab, in an environment where a second
 * costs nothing. Rounds go as in those recordings: every node's CRM and LRM once in 20 s, in the order of the nodes, and commands after
 * every fifth round.
 */
import { Crm } from '../../lab/proxmox/ha/crm.ts';
import type { Environment, Guests, HaEvent } from '../../lab/proxmox/ha/environment.ts';
import { Lrm } from '../../lab/proxmox/ha/lrm.ts';
import type {
  Command,
  LrmStatus,
  ManagerStatus,
  RequestedState,
  Rule,
  ServiceConfigs,
  ShutdownPolicy,
} from '../../lab/proxmox/ha/state.ts';
import { FailingGuest } from './failing-guest.ts';

const LOCK_LIFETIME = 120;
const WATCHDOG_TIMEOUT = 60;
const ROUND = 20;
const ROUNDS_A_COMMAND = 5;
/** After the last command. */
const END_AFTER = 500;
const LONGEST = 10_000;

export interface Case {
  case: string;
  /** What is done, in steps. */
  commands: string[][];
  hardware: Record<string, { power: 'on' | 'off'; network: 'on' | 'off' }>;
  services: Record<
    string,
    { node: string; state?: string; max_restart?: string; max_relocate?: string; failback?: number }
  >;
  rules?: { type: string; nodes?: string; resources: string; strict?: string; affinity?: 'positive' | 'negative' }[];
  /** What a master before has left. */
  before?: ManagerStatus;
  datacenter?: { ha?: { shutdown_policy?: ShutdownPolicy } };
  expect: Told[];
}

export type Told = { t: number; who: string } & Record<string, unknown>;

interface Machine {
  name: string;
  power: 'on' | 'off';
  network: 'on' | 'off';
  shutdown: 'shutdown' | 'reboot' | undefined;
  crm: Crm | undefined;
  lrm: Lrm | undefined;
  isCrmStopping: boolean;
  isLrmRestarting: boolean;
  /** Each program has a clock of its own: it stands still during a round. */
  clocks: { crm: number; lrm: number };
  watchdogs: Set<{ fed: number }>;
  running: Set<string>;
}

export class World {
  readonly told: Told[] = [];
  readonly #machines: Machine[];
  readonly #configs: ServiceConfigs;
  readonly #rules: Rule[];
  readonly #policy: ShutdownPolicy;
  readonly #locks = new Map<string, { holder: string; since: number }>();
  readonly #lrmStatus = new Map<string, LrmStatus>();
  readonly #failing = new Map<string, FailingGuest>();
  #managerStatus: ManagerStatus;
  #commands: Command[] = [];
  #time = 0;

  constructor({ hardware, services, rules = [], before = {}, datacenter }: Case) {
    this.#managerStatus = before;
    this.#machines = Object.entries(hardware)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { power, network }]) => ({
        name,
        power,
        network,
        shutdown: undefined,
        crm: undefined,
        lrm: undefined,
        isCrmStopping: false,
        isLrmRestarting: false,
        clocks: { crm: 0, lrm: 0 },
        watchdogs: new Set(),
        running: new Set(),
      }));
    this.#configs = Object.fromEntries(
      Object.entries(services).map(([sid, { node, state, max_restart = 1, max_relocate = 1, failback = 1 }]) => [
        sid,
        {
          node,
          state: requested(state),
          max_restart: Number(max_restart),
          max_relocate: Number(max_relocate),
          failback: failback === 1,
        },
      ]),
    );
    this.#rules = rules.map(toRule);
    this.#policy = datacenter?.ha?.shutdown_policy ?? 'conditional';
  }

  async play(steps: string[][]): Promise<void> {
    const left = [...steps];
    const skips = { crm: 0, lrm: 0 };
    let last = 0;
    let pausedUntil = 0;
    for (let round = 0; this.#time <= LONGEST; ) {
      const began = this.#time;
      for (const machine of this.#machines) await this.#roundOf(machine, skips);
      skips.crm = Math.max(0, skips.crm - 1);
      skips.lrm = Math.max(0, skips.lrm - 1);
      this.#time = Math.max(this.#time, began + ROUND);
      for (const { clocks } of this.#machines) clocks.crm = clocks.lrm = this.#time;
      if (this.#time < pausedUntil) continue;
      if (round++ % ROUNDS_A_COMMAND !== 0) continue;
      const step = left.shift();
      if (!step && this.#time - last > END_AFTER) return;
      for (const command of step ?? []) {
        last = this.#time;
        const [verb, ...words] = command.split(' ');
        if (verb === 'delay') pausedUntil = this.#time + Number(words[0]);
        else if (verb === 'skip-round') skips[words[0] as 'crm' | 'lrm'] += Number(words[1] ?? 1);
        else await this.#command(command);
      }
    }
  }

  async #roundOf(machine: Machine, skips: { crm: number; lrm: number }): Promise<void> {
    if (machine.crm && skips.crm === 0) {
      const goesOn = await this.#once(machine, 'crm', () => machine.crm!.round());
      if (!goesOn) await this.#crmEnded(machine);
    }
    if (machine.lrm && skips.lrm === 0) {
      const goesOn = await this.#once(machine, 'lrm', () => machine.lrm!.round());
      if (!goesOn) await this.#lrmEnded(machine);
    }
    for (const other of this.#machines) {
      if (![...other.watchdogs].some(({ fed }) => this.#time - fed > WATCHDOG_TIMEOUT)) continue;
      this.#powerOff(other);
      this.told.push({ t: this.#time, who: 'hardware', poweroff: other.name, by: 'watchdog' });
    }
  }

  async #once(machine: Machine, which: 'crm' | 'lrm', round: () => Promise<boolean>): Promise<boolean> {
    machine.clocks[which] = this.#time;
    const goesOn = await round();
    machine.clocks[which]++;
    this.#time = Math.max(this.#time, machine.clocks[which]);
    return goesOn;
  }

  async #crmEnded(machine: Machine): Promise<void> {
    machine.crm = undefined;
    const { shutdown } = machine;
    machine.isCrmStopping = false;
    if (!shutdown) return;
    this.#powerOff(machine);
    if (shutdown === 'reboot') this.#powerOn(machine);
  }

  async #lrmEnded(machine: Machine): Promise<void> {
    machine.lrm = undefined;
    if (machine.isLrmRestarting) {
      machine.isLrmRestarting = false;
      machine.lrm = new Lrm(this.#environment(machine, 'lrm'));
    } else if (machine.shutdown) machine.crm?.shutDown();
  }

  #powerOn(machine: Machine): void {
    machine.crm ??= new Crm(this.#environment(machine, 'crm'));
    machine.lrm ??= new Lrm(this.#environment(machine, 'lrm'));
    machine.power = machine.network = 'on';
    machine.shutdown = undefined;
  }

  #powerOff(machine: Machine): void {
    for (const which of ['crm', 'lrm'] as const) {
      if (machine[which]) this.told.push({ t: machine.clocks[which], who: `${machine.name}/${which}`, killed: true });
      machine[which] = undefined;
    }
    machine.watchdogs.clear();
    machine.running.clear();
    machine.isLrmRestarting = false;
    machine.power = machine.network = 'off';
    machine.shutdown = undefined;
  }

  async #command(text: string): Promise<void> {
    const [what, name, ...words] = text.split(' ') as [string, string, ...string[]];
    if (what === 'service') return this.#commandService(name, words);
    const machine = this.#machines.find((each) => each.name === name)!;
    switch (what) {
      case 'power':
        if (words[0] === 'on') this.#powerOn(machine);
        else if (machine.power === 'on') this.#powerOff(machine);
        return;
      case 'network':
        machine.network = words[0] as 'on' | 'off';
        return;
      case 'crm':
        this.#commands.push({ verb: words[0] as 'enable-node-maintenance' | 'disable-node-maintenance', node: name });
        return;
      case 'restart-lrm':
        machine.isLrmRestarting = machine.lrm !== undefined;
        return machine.lrm?.shutDown();
      case 'reboot':
      case 'shutdown':
        machine.shutdown = what;
        return machine.lrm?.shutDown();
      default:
        throw new Error(`a case says '${text}'`);
    }
  }

  #commandService(sid: string, [verb, ...words]: string[]): void {
    switch (verb) {
      case 'started':
      case 'disabled':
      case 'stopped':
      case 'ignored':
        this.#configs[sid]!.state = verb;
        return;
      case 'migrate':
      case 'relocate':
        this.#commands.push({ verb, sid, node: words[0]! });
        return;
      case 'stop':
        this.#commands.push({ verb, sid, timeout: Number(words[0]) });
        return;
      case 'manual-migrate':
        this.#configs[sid]!.node = words[0]!;
        return;
      case 'add': {
        const state = requested(words[1] ?? 'started');
        this.#configs[sid] = { node: words[0]!, state, max_restart: 1, max_relocate: 1, failback: true };
        return;
      }
      case 'delete':
        delete this.#configs[sid];
        return;
      default:
        throw new Error(`a case says '${verb}' of ${sid}`);
    }
  }

  #members(): { members: Record<string, boolean>; isQuorate: boolean } {
    const up = this.#machines.filter(({ power, network }) => power === 'on' && network === 'on');
    const isQuorate = up.length > this.#machines.length / 2;
    const members = Object.fromEntries(this.#machines.map((each) => [each.name, isQuorate && up.includes(each)]));
    return { members, isQuorate };
  }

  #environment(machine: Machine, which: 'crm' | 'lrm'): Environment {
    const now = () => machine.clocks[which];
    const who = `${machine.name}/${which}`;
    const tell = (event: object) => {
      if (!('warning' in event || 'remove' in event)) this.told.push({ t: now(), who, ...event });
    };
    const quorate = () => this.#members().members[machine.name] === true;
    const copy = <T>(value: T): Promise<T> => Promise.resolve(structuredClone(value));
    return {
      node: machine.name,
      workers: 1,
      now,
      // Within a round time stands still.
      sleep: async () => {},
      tell,
      quorate,
      members: () => this.#members().members,
      refresh: async () => true,
      readManagerStatus: () => copy(this.#managerStatus),
      writeManagerStatus: async (status) => {
        this.#managerStatus = structuredClone(status);
      },
      readLrmStatus: (node) => copy(this.#lrmStatus.get(node) ?? {}),
      writeLrmStatus: async (status) => {
        this.#lrmStatus.set(machine.name, structuredClone(status));
      },
      readServices: () => copy(this.#configs),
      setRequestedState: async (sid: string, state: RequestedState) => {
        this.#configs[sid]!.state = state;
      },
      takeOver: async (sid, _, to) => {
        this.#configs[sid]!.node = to;
      },
      readRules: () => copy(this.#rules),
      shutdownPolicy: async () => this.#policy,
      hasCommands: async () => this.#commands.length > 0,
      takeCommands: async () => this.#commands.splice(0),
      lock: async (name) => quorate() && this.#lock(name, machine.name, now(), tell),
      unlock: async (name) => {
        if (quorate() && this.#locks.get(name)?.holder === machine.name) this.#locks.delete(name);
      },
      openWatchdog: () => {
        const watchdog = { fed: this.#time };
        machine.watchdogs.add(watchdog);
        return {
          feed: () => {
            watchdog.fed = this.#time;
          },
          close: () => {
            machine.watchdogs.delete(watchdog);
          },
        };
      },
      machineShutdown: () => machine.shutdown,
      guests: this.#guests(machine, tell),
    };
  }

  #lock(name: string, holder: string, now: number, tell: (event: object) => void): boolean {
    const lock = this.#locks.get(name);
    const isFree = !lock || now - lock.since > LOCK_LIFETIME;
    if (!isFree && lock.holder !== holder) return false;
    if (isFree) tell({ lock: name });
    this.#locks.set(name, { holder, since: now });
    return true;
  }

  #guests({ name, running }: Machine, tell: (event: HaEvent) => void): Guests {
    const failing = (sid: string) => {
      if (!this.#failing.has(sid)) this.#failing.set(sid, new FailingGuest(sid));
      return this.#failing.get(sid)!;
    };
    const stop = async (sid: string) => {
      if (!failing(sid).refusesToStop) running.delete(sid);
    };
    return {
      isRunning: async (sid) => running.has(sid),
      start: async (sid) => {
        if (!failing(sid).fails('start', name)) running.add(sid);
      },
      stop,
      move: async (sid, target, wantsOnline) => {
        if (failing(sid).fails('move', name)) return false;
        // A container cannot be moved while it runs.
        const online = wantsOnline && !(sid.startsWith('ct:') && running.has(sid));
        const say = (phase: 'start' | 'end') =>
          tell(online ? { migrate: sid, to: target, phase } : { relocate: sid, to: target, phase });
        say('start');
        if (!online && running.has(sid)) {
          tell({ stopping: sid });
          await stop(sid);
          tell({ stopped: sid });
        }
        this.#configs[sid]!.node = target;
        say('end');
        running.delete(sid);
        return true;
      },
    };
  }
}

function requested(state = 'disabled'): RequestedState {
  return state === 'enabled' ? 'started' : (state as RequestedState);
}

function toRule({ type, nodes = '', resources, strict, affinity }: NonNullable<Case['rules']>[number]): Rule {
  const list = resources.split(',');
  if (type === 'resource-affinity') return { type, resources: list, affinity: affinity! };
  const priorities = nodes.split(',').map((entry): [string, number] => {
    const [node, priority = '0'] = entry.split(':');
    return [node!, Number(priority)];
  });
  return { type: 'node-affinity', resources: list, nodes: Object.fromEntries(priorities), strict: strict === '1' };
}
