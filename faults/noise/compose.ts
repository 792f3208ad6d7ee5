import { stringify } from 'yaml';
import { type Limits, type Noise, noiseCommand, noiseServices } from './noise.ts';

/** A Compose file with one noisy service on each node. */
export function noiseStack(noise: Noise): string {
  const { nodes, image, limits, deadMan } = noise;
  const command = ['timeout', '-k', '5', String(Math.ceil(deadMan / 1000)), ...noiseCommand(noise)];
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
