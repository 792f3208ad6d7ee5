import type { Limits, Neighbour, Takes } from '../../platforms/neighbour.ts';
import { type NoiseKind, STRESS } from './stress.ts';

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

/** The noise as the platform is asked for it. */
export function neighbourOf(noise: Noise, joins?: Neighbour['joins']): Neighbour {
  const { nodes, image, limits, deadMan, kind, memory } = noise;
  const argv = noiseCommand(noise);
  const programs = [...noiseServices(nodes)].map(([node, name]) => ({ name, node, argv }));
  return {
    takes: takenBy(kind),
    programs,
    image,
    deadMan,
    limits,
    ...(kind === 'memory' ? { memory } : {}),
    ...(joins ? { joins } : {}),
  };
}

/** What the neighbour takes from others. Rules take nothing. */
export function takenBy(kind: string): Takes {
  if (kind === 'flood') return 'network';
  return kind === 'cpu' || kind === 'memory' || kind === 'pids' || kind === 'disk' ? kind : 'nothing';
}

function noiseCommand({ kind, target, memory }: Noise): string[] {
  const whom = target ? [target.host, String(target.port)] : kind === 'memory' ? [String(Math.round(memory))] : [];
  return ['python3', '-u', '-c', STRESS, kind, ...whom];
}
