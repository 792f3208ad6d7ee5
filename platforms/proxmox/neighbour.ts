/** A neighbour on Proxmox: a guest of its own beside those of the workload, on the same node. */
import { stringify } from 'yaml';
import type { Limits, Neighbour, Neighbours } from '../neighbour.ts';
import { guestName } from './workload/plan.ts';

const UNLIMITED_CORES = 4;
const MEMORY = 512;
const MIB = 2 ** 20;

export const neighbours: Neighbours = {
  serviceHost: (namespace, service) => guestName(namespace, service, 1),
  cannot(takes, limits) {
    const given: Limits = limits === true ? {} : limits;
    if (takes === 'pids' || given.pids !== undefined) return { why: "a guest's processes are nobody's but its own" };
    if ((takes === 'disk' || takes === 'network') && limits === true) {
      return { why: `no careful limit on a neighbour's ${takes} is made on Proxmox yet` };
    }
    return undefined;
  },
  deployment: (neighbour) => ({ manifest: guestsOf(neighbour) }),
};

/** One guest a program. A tenant without limits has as many processors as it likes. */
function guestsOf({ programs, limits, deadMan }: Neighbour): string {
  const guests = programs.map(({ name, node, argv }) => [
    name,
    {
      count: 1,
      node,
      cores: UNLIMITED_CORES,
      ...(limits?.cpus === undefined ? {} : { cpulimit: limits.cpus }),
      memory: limits?.memory === undefined ? MEMORY : Math.max(64, Math.round(limits.memory / MIB)),
      parts: { [name]: { start: ['timeout', '-k', '5', String(Math.ceil(deadMan / 1000)), ...argv] } },
    },
  ]);
  return stringify({ guests: Object.fromEntries(guests) });
}
