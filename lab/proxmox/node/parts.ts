/** What the parts of a machine of the lab are to each other: membership, the replicated files, its guests, the HA manager. */
import type { LrmStatus, ManagerStatus, RequestedState, Rule, ServiceConfigs, ShutdownPolicy } from '../ha/state.ts';

/** Who is in this node's partition, by corosync. */
export interface Membership {
  readonly node: string;
  /** A majority, and the replicated files are up to date. */
  quorate(): boolean;
  /** Every node of the cluster. */
  nodes(): { name: string; address: string; id: number; online: boolean }[];
}

/**
 * The meaning of `/etc/pve`: small text files, the same on all nodes. Readable always (a minority sees what was before); written only
 * with a majority. Paths are relative: `qemu-server` of a node is `nodes/pve1/qemu-server/100.conf`.
 */
export interface ClusterFiles {
  read(path: string): Promise<string | undefined>;
  /** Full paths of all files under a folder. */
  list(folder: string): Promise<string[]>;
  /** Throws NotReady without quorum. */
  write(path: string, text: string): Promise<void>;
  /** Reads, changes and writes as one step, again when somebody was faster; undefined removes. Throws NotReady without quorum. */
  update(path: string, change: (text: string | undefined) => string | undefined): Promise<void>;
  /** Resolves with false if it was not there (any more). Throws NotReady without quorum. */
  move(from: string, to: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** A lock of the cluster, renewed or taken; judged by age (120 s). */
  lock(name: string): Promise<boolean>;
  unlock(name: string): Promise<void>;
}

/** Without a majority nothing is written. */
export class NotReady extends Error {}

/** Where a guest process is, by the word of the machine's own process table and QMP. */
export interface GuestState {
  status: 'running' | 'stopped';
  qmpstatus: string;
  pid?: number;
  /** Seconds. */
  uptime: number;
  cpus: number;
  /** Bytes. */
  mem: number;
  maxmem: number;
}

export const STOPPED: GuestState = { status: 'stopped', qmpstatus: 'stopped', uptime: 0, cpus: 0, mem: 0, maxmem: 0 };

/** The configuration of a guest, as Proxmox VE writes it: `memory` → `256`. Snapshots are not part of it. */
export type GuestConfig = Record<string, string>;

/** What hears the log of a task. */
export type Log = (line: string) => void;

/** The guests whose processes run on this machine. What fails throws an Error in Proxmox VE's own words. */
export interface Hypervisor {
  /** VMIDs with a process here. */
  running(): number[];
  /** Also of one without a process: `STOPPED`. */
  state(vmid: number): Promise<GuestState>;
  /** Writes cloud-init's drive anew, if it has one. */
  start(vmid: number, config: GuestConfig, log: Log): Promise<void>;
  /** Ends the process at once. */
  stop(vmid: number, log: Log): Promise<void>;
  /** ACPI. @param timeout seconds. Throws `VM quit/powerdown failed - got timeout`. */
  shutdown(vmid: number, timeout: number, log: Log): Promise<void>;
  reset(vmid: number): Promise<void>;
  suspend(vmid: number): Promise<void>;
  resume(vmid: number): Promise<void>;
  /** Live, to a process on another machine that shares the disks. */
  migrate(vmid: number, config: GuestConfig, target: string, log: Log): Promise<void>;
  /** On the target of a live migration: starts a process that waits for the memory; what to connect to. */
  receive(vmid: number, config: GuestConfig, log: Log): Promise<{ host: string; port: number }>;
  /** Changes what a running process can take: link_down of a net, throttles of a drive, cpulimit. */
  apply(vmid: number, before: GuestConfig, after: GuestConfig): Promise<void>;
  /** The guest's agent: sends one command, waits for its answer. Throws `QEMU guest agent is not running` after 3 s of silence. */
  agent(vmid: number, command: string, args?: Record<string, unknown>): Promise<unknown>;
}

/** The shared storage: one folder that every machine sees. A volume is called `shared:100/vm-100-disk-0.qcow2`. */
export interface Storage {
  readonly name: string;
  /** Where it is on every machine. */
  readonly folder: string;
  list(): Promise<{ volid: string; content: string; format: string; size: number; used: number; vmid?: number }[]>;
  /** @returns volid */
  allocate(vmid: number, format: 'qcow2' | 'raw', size: number): Promise<string>;
  /** A linked clone (an overlay) or a full copy. @returns volid */
  clone(volid: string, vmid: number, full: boolean): Promise<string>;
  /** A copy of an image (content `import`) as a disk of a guest. @returns volid */
  importFrom(volid: string, vmid: number): Promise<string>;
  /** Writes the ISO of cloud-init anew from the configuration. @returns volid */
  cloudInit(vmid: number, config: GuestConfig): Promise<string>;
  free(volid: string): Promise<void>;
  path(volid: string): string;
}

/** What operators and the API change of high availability, and what they read. */
export interface HaFiles {
  /** The time that CRM and LRMs write down, seconds since 1970: under a time scale it runs ahead of the computer's. */
  now(): number;
  managerStatus(): Promise<ManagerStatus>;
  lrmStatus(node: string): Promise<Partial<LrmStatus>>;
  services(): Promise<ServiceConfigs>;
  rules(): Promise<Rule[]>;
  shutdownPolicy(): Promise<ShutdownPolicy>;
  setRequestedState(sid: string, state: RequestedState): Promise<void>;
  /** `migrate vm:100 pve2`, `stop vm:100 0`, `enable-node-maintenance pve3`: a line for the CRM. */
  queue(command: string): Promise<void>;
}

/** The daemons that Proxmox VE's services are, as far as the lab has them. */
export const services = ['corosync', 'pve-cluster', 'pve-ha-crm', 'pve-ha-lrm', 'pveproxy', 'pvedaemon'] as const;
export type Service = (typeof services)[number];

/** The machine that it all runs on. */
export interface Machine {
  /** What whoever reads a number that was taken here must know: `emulated guests`. Shown as a part of the version, and so in every report. */
  readonly remarks: readonly string[];
  /** Ends it in good order, and comes back at once if so asked: HA acts as the cluster's policy says. Resolves when that has begun. */
  shutdown(how: 'shutdown' | 'reboot'): Promise<void>;
  isRunning(service: Service): boolean;
  startService(service: Service): Promise<void>;
  stopService(service: Service): Promise<void>;
}
