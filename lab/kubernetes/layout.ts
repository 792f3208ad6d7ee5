import type { Size } from '../cgroup.ts';
import { type Lab, labOf } from '../lab.ts';

/** The settings of `up`. They are kept in the lab's notes: a second `up` repairs the lab that is there. */
export interface Settings {
  /** Machines that run etcd and the API server. Workers are always three. */
  controlPlanes: 1 | 3;
  /** `default`: Kubernetes' own. `tuned`: a dead node is noticed in seconds, and its pods are replaced at once. */
  timers: 'default' | 'tuned';
}

export interface Seat {
  name: string;
  address: string;
  role: 'control-plane' | 'worker';
  /** The range of its pods' addresses; the other machines route it to this machine. */
  podCidr: string;
}

const PREFIX = '10.78.0';
const GIB = 2 ** 30;

export const kubernetesLab: Lab = labOf('kubernetes', PREFIX);

/** The name of the context in the lab's kubeconfig: no other cluster has this name. */
export const CONTEXT = 'brownout-lab';

/** Where every node sees the same folder, as if a file server exported it. */
export const SHARED = '/srv/shared';
/** Where a machine finds its certificates and configuration. */
export const CONFIG = '/srv/kubernetes';

export const EDGE = { name: 'edge', address: `${PREFIX}.30`, size: { cpus: 0.5, memory: GIB / 4 } };

export const API_PORT = 6443;
export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
/** The Service `kubernetes` has the first address of the range. */
export const API_SERVICE = '10.96.0.1';
export const DNS_SERVICE = '10.96.0.10';

export const SIZES: Record<Seat['role'], Size> = {
  // The API server compiles its schemas at start: with less than a full processor everybody waits for it.
  'control-plane': { cpus: 1.5, memory: 3 * GIB },
  worker: { cpus: 1, memory: 2 * GIB },
};

export function seats({ controlPlanes }: Pick<Settings, 'controlPlanes'>): Seat[] {
  const row = (role: Seat['role'], letter: string, count: number, first: number): Seat[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `${letter}${index + 1}`,
      address: `${PREFIX}.${first + index}`,
      role,
      podCidr: `10.244.${first + index}.0/24`,
    }));
  return [...row('control-plane', 'c', controlPlanes, 11), ...row('worker', 'w', 3, 21)];
}

export function controlPlanesOf(all: Seat[]): Seat[] {
  return all.filter(({ role }) => role === 'control-plane');
}

/** Where people and the suite reach the API: with three control planes through the edge, which outlives each of them. */
export function apiAddress(all: Seat[]): string {
  const planes = controlPlanesOf(all);
  return planes.length > 1 ? EDGE.address : planes[0]!.address;
}

/**
 * Where a machine's own components reach the API: on a control plane node, its own API server; on a worker with several to
 * choose from, a load balancer of the worker's own, so that no third machine can cut it off.
 */
export function apiFrom(seat: Seat, all: Seat[]): string {
  if (seat.role === 'control-plane') return seat.address;
  return hasOwnBalancer(seat, all) ? '127.0.0.1' : controlPlanesOf(all)[0]!.address;
}

export function hasOwnBalancer(seat: Seat, all: Seat[]): boolean {
  return seat.role === 'worker' && controlPlanesOf(all).length > 1;
}
