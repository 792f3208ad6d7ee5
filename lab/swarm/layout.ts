import { dockerd } from '../docker/daemon.ts';
import type { Entry } from '../edge.ts';
import type { Machine } from '../host.ts';
import { cacheFolder } from '../image/cache.ts';
import { type Lab, labOf } from '../lab.ts';
import type { NamedEntry } from '../workloads.ts';

/** The settings of `up`. They are kept in the lab's notes: a second `up` repairs the lab that is there. */
export interface Settings {
  /** Nodes that are managers: 1 (and two workers) or 3. Managers run members, too. */
  managers: 1 | 3;
  /** How often nodes report to the managers, in ms; undefined: Swarm's own 5 s. */
  heartbeat: number | undefined;
}

export interface NodeSeat {
  name: string;
  address: string;
  role: 'manager' | 'worker';
}

const PREFIX = '10.77.0';
const GIB = 2 ** 30;

export const swarmLab: Lab = labOf('swarm', PREFIX);

/** Where every node sees the same folder, as if a file server exported it. */
const SHARED = '/srv/shared';

export const EDGE = { name: 'edge', address: `${PREFIX}.20` };

export function seats({ managers }: Pick<Settings, 'managers'>): NodeSeat[] {
  return [1, 2, 3].map((number) => {
    const role = number <= managers ? 'manager' : 'worker';
    return {
      name: role === 'manager' ? `m${number}` : `w${number - managers}`,
      address: `${PREFIX}.${10 + number}`,
      role,
    };
  });
}

/** A node: Debian's dockerd with the shared folder, and what is needed to read the image store. */
export function nodeMachine(seat: NodeSeat, sharedFolder: string, dockerMajor: number): Machine {
  return {
    name: seat.name,
    address: seat.address,
    // 0.75 of a core is too little for a manager with members: its raft and its containers wait for each other.
    size: seat.role === 'manager' ? { cpus: 1, memory: 2 * GIB } : { cpus: 0.75, memory: 1.5 * GIB },
    mounts: [
      { from: cacheFolder(), to: cacheFolder(), readonly: true },
      { from: sharedFolder, to: SHARED, readonly: false },
    ],
    services: [dockerd(dockerMajor, seat.address)],
  };
}

export const EDGE_CHECK = { every: 500, timeout: 400 };

/** Each entry leads to the port that its workload publishes on every node. */
export function edgeEntries(entries: readonly NamedEntry[], nodes: NodeSeat[]): Entry[] {
  return entries.map(({ name, port, protocol, check, swarm }) => ({
    name,
    port,
    protocol,
    check,
    servers: nodes.map((node) => ({ name: node.name, address: node.address, port: swarm })),
  }));
}
