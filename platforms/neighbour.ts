/** What a fault may ask of a platform for a neighbour: programs in a namespace of their own, beside the workload. */

/** What a neighbour may use at most; memory and disk in bytes. */
export interface Limits {
  cpus?: number;
  memory?: number;
  pids?: number;
  disk?: number;
}

/** What a neighbour takes from the others; `nothing`, where it only looks or lays a rule on them. */
export type Takes = 'cpu' | 'memory' | 'pids' | 'disk' | 'network' | 'nothing';

/** The same program on each of some nodes. */
export interface Neighbour {
  takes: Takes;
  programs: Program[];
  image: string;
  /** Every program ends by itself after so many ms. */
  deadMan: number;
  limits: Limits | undefined;
  /** How much memory it takes at most, bytes, where that is what it takes. */
  memory?: number;
  /** The service that it asks, where it can be asked only from within its own network. */
  joins?: { namespace: string; service: string };
}

/** Bound to its node: nothing else places it. */
export interface Program {
  name: string;
  node: string;
  argv: string[];
}

/** A neighbour that others are pushed aside for: it has a higher priority than they. */
interface Favoured {
  namespace: string;
  image: string;
  deadMan: number;
}

/** It takes what nobody has given to it. */
export interface Filling extends Favoured {
  programs: Program[];
  /** A program is ready once this command succeeds beside it. */
  ready: string[];
}

/** It asks for what others have; how much is said in processors and bytes, nothing where it is 0. */
export interface Crowd extends Favoured {
  members: { name: string; node: string; cpu: number; memory: number }[];
  /** The remedy: a quota that gives it no such priority. */
  isRefused: boolean;
}

/** How a platform makes neighbours. Everything is a manifest for the verb `neighbour.deploy`. */
export interface Neighbours {
  /** The host name by which a neighbour reaches a service of the workload. */
  serviceHost(namespace: string, service: string): string;
  /** Why a neighbour cannot be given these limits (`true`: the careful ones) against what it takes; undefined when it can. */
  cannot(takes: Takes, limits: Limits | true): { why: string; hint?: string } | undefined;
  /** With limits, what a neighbour sends to the outside does not arrive at all. */
  closes?: true;
  /** The arguments of `neighbour.deploy` beside its namespace and labels. */
  deployment(neighbour: Neighbour): { manifest: string; neighbour?: { namespace: string; service: string } };
  /** Platforms with priorities have these two. */
  filling?(filling: Filling): string;
  crowd?(crowd: Crowd): string;
  /** Nothing but a quota of this name, for a namespace of the neighbour's own. */
  quota?(name: string, spec: object): string;
}
