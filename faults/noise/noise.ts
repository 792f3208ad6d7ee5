import { type NoiseKind, STRESS } from './stress.ts';

/** What the noisy neighbour may use at most; memory and disk in bytes. */
export interface Limits {
  cpus?: number;
  memory?: number;
  pids?: number;
  disk?: number;
}

export interface Noise {
  kind: NoiseKind | 'knock';
  nodes: string[];
  image: string;
  limits: Limits | undefined;
  /** Whom `flood` and `knock` ask. */
  target: { host: string; port: number } | undefined;
  /** How much `memory` takes, bytes. */
  memory: number;
  /** It ends by itself after so many ms. */
  deadMan: number;
}

/** Service by node: each noise is bound to its node. */
export function noiseServices(nodes: string[]): Map<string, string> {
  return new Map(nodes.map((node, index) => [node, `noise-${index + 1}`]));
}

export function noiseCommand({ kind, target, memory }: Noise): string[] {
  const whom = target ? [target.host, String(target.port)] : kind === 'memory' ? [String(Math.round(memory))] : [];
  return ['python3', '-u', '-c', STRESS, kind, ...whom];
}
