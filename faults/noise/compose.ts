import { stringify } from 'yaml';
import { type NoiseKind, STRESS } from './stress.ts';

/** What the noisy neighbour may use at most; memory in bytes. */
export interface Limits {
  cpus?: number;
  memory?: number;
  pids?: number;
}

export interface Noise {
  kind: NoiseKind;
  nodes: string[];
  image: string;
  limits: Limits | undefined;
  /** Whom `flood` floods. */
  victim: { host: string; port: number } | undefined;
  /** It ends by itself after so many ms. */
  deadMan: number;
}

/** Service by node: each noise is bound to its node. */
export function noiseServices(nodes: string[]): Map<string, string> {
  return new Map(nodes.map((node, index) => [node, `noise-${index + 1}`]));
}

/** A Compose file with one noisy service on each node. */
export function noiseStack({ kind, nodes, image, limits, victim, deadMan }: Noise): string {
  const target = victim ? [victim.host, String(victim.port)] : [];
  const seconds = String(Math.ceil(deadMan / 1000));
  const command = ['timeout', '-k', '5', seconds, 'python3', '-u', '-c', STRESS, kind, ...target];
  const services = [...noiseServices(nodes)].map(([node, service]) => [
    service,
    {
      image,
      // Compose reads a dollar sign as the beginning of a variable.
      command: command.map((word) => word.replaceAll('$', '$$$$')),
      init: true,
      stop_grace_period: '1s',
      deploy: {
        endpoint_mode: 'dnsrr',
        placement: { constraints: [`node.hostname==${node}`] },
        // Its dead-man timer must not be followed by a restart.
        restart_policy: { condition: 'none' },
        ...(limits ? { resources: { limits: limitsInCompose(limits) } } : {}),
      },
    },
  ]);
  return stringify({ version: '3.9', services: Object.fromEntries(services) });
}

function limitsInCompose({ cpus, memory, pids }: Limits) {
  return {
    ...(cpus === undefined ? {} : { cpus: String(cpus) }),
    ...(memory === undefined ? {} : { memory: `${Math.round(memory)}b` }),
    ...(pids === undefined ? {} : { pids }),
  };
}
