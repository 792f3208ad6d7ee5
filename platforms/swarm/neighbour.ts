import { stringify } from 'yaml';
import type { Limits, Neighbour, Neighbours } from '../neighbour.ts';

export const neighbours: Neighbours = {
  serviceHost: (namespace, service) => `tasks.${namespace}_${service}`,
  cannot(takes, limits) {
    const given = limits === true ? {} : limits;
    if (given.disk !== undefined || (takes === 'disk' && limits === true)) {
      return { why: 'a Swarm service has no limit on disk' };
    }
    if (takes === 'network' && limits === true) {
      return { why: 'a Swarm network that both are in keeps no neighbour from a service' };
    }
    return undefined;
  },
  deployment: (neighbour) => ({
    manifest: stackOf(neighbour),
    ...(neighbour.joins ? { neighbour: neighbour.joins } : {}),
  }),
};

/** A Compose file with one service a program. */
function stackOf({ programs, image, limits, deadMan }: Neighbour): string {
  const services = programs.map(({ name, node, argv }) => [
    name,
    {
      image,
      // Compose reads a dollar sign as the beginning of a variable.
      command: ['timeout', '-k', '5', String(Math.ceil(deadMan / 1000)), ...argv].map((word) =>
        word.replaceAll('$', '$$$$'),
      ),
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
