/** A guest's state as lists and `status/current` show it, of its configuration and its process. */
import { isTrue } from '../config/values.ts';
import { coresOf, drivesOf, memoryOf, parseSize } from '../guests/config.ts';
import type { GuestConfig, GuestState } from '../node/parts.ts';

export interface GuestRow {
  vmid: number;
  name: string;
  status: 'running' | 'stopped';
  cpu: number;
  cpus: number;
  /** Bytes. */
  mem: number;
  maxmem: number;
  memhost: number;
  disk: number;
  maxdisk: number;
  netin: number;
  netout: number;
  /** Seconds. */
  uptime: number;
  pid?: number;
  qmpstatus?: string;
  serial?: 1;
  agent?: 1;
  template?: 1;
  tags?: string;
  lock?: string;
  [pressure: `pressure${string}`]: number;
}

const PRESSURES = ['cpusome', 'cpufull', 'iosome', 'iofull', 'memorysome', 'memoryfull'];

/** What there is to say without asking its process. */
export function rowOf(vmid: number, config: GuestConfig, state: GuestState): GuestRow {
  const [boot] = drivesOf(config).filter(({ cdrom }) => !cdrom);
  const row: GuestRow = {
    vmid,
    name: config.name ?? `VM ${vmid}`,
    status: state.status,
    cpu: 0,
    cpus: coresOf(config),
    mem: state.mem,
    maxmem: memoryOf(config),
    memhost: 0,
    disk: 0,
    maxdisk: boot?.options.size === undefined ? 0 : parseSize(boot.options.size),
    netin: 0,
    netout: 0,
    uptime: Math.floor(state.uptime),
  };
  if (state.pid !== undefined) row.pid = state.pid;
  if (config.serial0 !== undefined) row.serial = 1;
  if (isTrue(config.template)) row.template = 1;
  if (config.tags !== undefined) row.tags = config.tags;
  if (config.lock !== undefined) row.lock = config.lock;
  if (state.status === 'running') for (const pressure of PRESSURES) row[`pressure${pressure}`] = 0;
  return row;
}

/** The same of a container, which is called by its host name. */
export function containerRowOf(vmid: number, config: GuestConfig, state: GuestState): GuestRow {
  const { serial, ...row } = rowOf(vmid, config, state);
  return { ...row, name: config.hostname ?? `CT${vmid}` };
}
