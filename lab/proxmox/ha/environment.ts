import type {
  Command,
  CrmState,
  LrmState,
  LrmStatus,
  ManagerStatus,
  NodeState,
  RequestedState,
  Rule,
  ServiceConfigs,
  ServiceState,
  ShutdownPolicy,
} from './state.ts';

/** What CRM and LRM tell of what they do. */
export type HaEvent =
  | { state: [CrmState | LrmState, CrmState | LrmState] }
  | { node: string; nodeState: [NodeState, NodeState] }
  | { add: string; on: string }
  | { remove: string }
  | { service: string; serviceState: [ServiceState, ServiceState]; on?: string; to?: string }
  | { unlock: string }
  | { fenced: string }
  | { recover: string; move: [from: string, to: string] }
  | { starting: string }
  | { started: string }
  | { stopping: string }
  | { stopped: string }
  | { migrate: string; to: string; phase: 'start' | 'end' }
  | { relocate: string; to: string; phase: 'start' | 'end' }
  | { warning: string };

/** A watchdog that was opened: what does not feed it in time loses its machine. */
export interface Watchdog {
  feed(): void;
  /** Takes the protection off: only where nothing runs that a second start elsewhere could harm. */
  close(): void;
}

/** The guests of one node. Each resolves when it has been tried; whether it worked is asked of `isRunning` and the configuration. */
export interface Guests {
  isRunning(sid: string): Promise<boolean>;
  start(sid: string): Promise<void>;
  /** @param timeout seconds for the guest to end by itself; 0: at once; undefined: the platform's own patience */
  stop(sid: string, timeout: number | undefined): Promise<void>;
  /** @returns true if the guest is on the other node now */
  move(sid: string, target: string, online: boolean): Promise<boolean>;
}

/**
 * All that CRM and LRM of one node see of the world: a clock, members, a replicated store, locks, a watchdog, guests. The lab gives
 * them real ones, a simulation those of a virtual time; they are the same code in both. Seconds everywhere. What reads or writes the
 * store rejects when it cannot.
 */
export interface Environment {
  readonly node: string;
  /** How many guests are worked on at once. */
  readonly workers: number;
  now(): number;
  sleep(seconds: number): Promise<void>;
  tell(event: HaEvent): void;

  /** This node is in a partition with a majority. */
  quorate(): boolean;
  /** Every node of the cluster; true: a member of this partition. */
  members(): Record<string, boolean>;

  /** False if the store cannot be trusted to be up to date in this round. */
  refresh(): Promise<boolean>;
  readManagerStatus(): Promise<ManagerStatus>;
  writeManagerStatus(status: ManagerStatus): Promise<void>;
  readLrmStatus(node: string): Promise<Partial<LrmStatus>>;
  writeLrmStatus(status: LrmStatus): Promise<void>;
  readServices(): Promise<ServiceConfigs>;
  setRequestedState(sid: string, state: RequestedState): Promise<void>;
  /** Moves the configuration of a guest whose node is fenced, and takes off the locks that its end left on it. */
  takeOver(sid: string, from: string, to: string): Promise<void>;
  readRules(): Promise<Rule[]>;
  shutdownPolicy(): Promise<ShutdownPolicy>;
  /** Commands that nobody has taken yet. */
  hasCommands(): Promise<boolean>;
  /** Takes them all. */
  takeCommands(): Promise<Command[]>;

  /** Takes or renews a lock of the cluster. */
  lock(name: string): Promise<boolean>;
  unlock(name: string): Promise<void>;
  openWatchdog(): Watchdog;

  /** What this machine was told to do. */
  machineShutdown(): 'shutdown' | 'reboot' | undefined;
  readonly guests: Guests;
}
