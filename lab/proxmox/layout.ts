import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { POWER_BUTTON } from '../boot.ts';
import type { Entry } from '../edge.ts';
import type { Machine } from '../host.ts';
import { type Lab, labOf } from '../lab.ts';
import type { NamedEntry } from '../workloads.ts';
import { type ClusterNode, corosync } from './cluster/corosync.ts';
import { etcd } from './cluster/etcd.ts';

/** The settings of `up`. They are kept in the lab's notes: a second `up` repairs the lab that is there. */
export interface Settings {
  /** Nodes of the cluster: 3 to 5. */
  nodes: number;
  /** How many times faster than Proxmox VE's the timers of high availability run. 1: as fast, which is what numbers are worth something with. */
  timeScale: number;
}

const PREFIX = '10.79.0';
const GIB = 2 ** 30;

export const proxmoxLab: Lab = labOf('proxmox', PREFIX);

/** Where every node sees the same folder, as if a file server exported it: the storage `shared`. */
export const SHARED = '/srv/shared';
/** Where a machine finds its certificates, keys and configuration. */
export const CONFIG = '/srv/proxmox';
export const API_PORT = 8006;
/** The bridge of a node that its guests are plugged into. */
export const BRIDGE = 'vmbr0';

export const EDGE = { name: 'edge', address: `${PREFIX}.20` };

export function seats({ nodes }: Pick<Settings, 'nodes'>): ClusterNode[] {
  return Array.from({ length: nodes }, (_, index) => ({
    name: `pve${index + 1}`,
    address: `${PREFIX}.${11 + index}`,
    id: index + 1,
  }));
}

/** A guest's address in the lab's network, whichever node it is on. Throws for a VMID that has none: 100 to 254 have one. */
function guestAddress(vmid: number): string {
  if (!Number.isInteger(vmid) || vmid < 100 || vmid > 254)
    throw new Error(`VMID ${vmid} has no address in the lab: 100 to 254 do`);
  return `${PREFIX}.${vmid}`;
}

/** Folders of this computer that the lab's machines see. */
export interface Folders {
  /** `<machine>/` holds a machine's certificates and configuration. */
  config: string;
  shared: string;
  /** What the guests are made of, in the cache. */
  cache: string;
}

/** A node: corosync for its membership, etcd for the replicated files, its agent and its watchdog, and sshd. */
export function nodeMachine(seat: ClusterNode, all: ClusterNode[], folders: Folders): Machine {
  const readonly = (path: string) => ({ from: path, to: path, readonly: true });
  return {
    name: seat.name,
    address: seat.address,
    size: { cpus: 1.5, memory: 3 * GIB },
    mounts: [
      { from: `${folders.config}/${seat.name}`, to: CONFIG, readonly: true },
      { from: folders.shared, to: SHARED, readonly: false },
      ...[PROGRAMS, folders.cache, ...nodeProgram()].map(readonly),
      // Commands of Proxmox VE, where root and ssh look for them.
      { from: `${folders.config}/commands`, to: '/usr/local/sbin', readonly: true },
    ],
    prepare: [['bash', `${CONFIG}/prepare.sh`]],
    services: [
      corosync,
      etcd(seat, all),
      // Nothing starts a watchdog again: without one, the hardware would reset the machine.
      {
        name: 'watchdog',
        argv: ['sh', '-c', `"$@"; echo reset > ${POWER_BUTTON}; kill -9 -1`, 'sh', ...programArgv('watchdog/main')],
      },
      { name: 'pve', argv: programArgv('node/main') },
      { name: 'sshd', argv: ['/usr/sbin/sshd', '-D', '-e', '-f', `${CONFIG}/sshd_config`] },
    ],
    resets: true,
  };
}

/** An emulated guest that is busy answers in a second at times, and each question costs it a tenth of one. */
export const EDGE_CHECK = { every: 1000, timeout: 2000 };

/** Each entry leads to the guests that serve it. */
export function edgeEntries(entries: readonly NamedEntry[]): Entry[] {
  return entries.map(({ name, port, protocol, check, proxmox }) => ({
    name,
    port,
    protocol,
    check,
    servers: proxmox.guests.map((vmid) => ({ name: `vm${vmid}`, address: guestAddress(vmid), port: proxmox.port })),
  }));
}

/** What the suite's own programs in the machines are run from: this package. */
const PROGRAMS = dirname(dirname(import.meta.dirname));

/** The command of a program of this package: `watchdog/main`. */
export function programArgv(name: string): string[] {
  const own = fileURLToPath(import.meta.url);
  // Compiled, all end in .js.
  return [process.execPath, `${import.meta.dirname}${sep}${name}${own.slice(own.lastIndexOf('.'))}`];
}

/** The folder of this Node, where the machines do not have it anyway. */
function nodeProgram(): string[] {
  const folder = dirname(process.execPath);
  return folder.startsWith('/usr/') || folder.startsWith(`${PROGRAMS}/`) ? [] : [folder];
}
