/** A neighbour on Proxmox: a guest of its own beside those of the workload, on the same node. */
import { stringify } from 'yaml';
import type { Limits, Neighbour, Neighbours } from '../neighbour.ts';
import { guestName } from './workload/plan.ts';

const MIB = 2 ** 20;
const UNLIMITED_CORES = 4;
/** MiB; and what a guest's own system takes beside the program. */
const [MEMORY, SYSTEM] = [512, 256];
/** What a careful operator gives an ordinary tenant of a disk and of the network; MB a second. */
const CAREFUL_DISK = { iops: 100, mbps: 10 };
const CAREFUL_RATE = 0.1;

export const neighbours: Neighbours = {
  serviceHost: (namespace, service) => guestName(namespace, service, 1),
  cannot(takes, limits) {
    const given: Limits = limits === true ? {} : limits;
    if (takes === 'pids' || given.pids !== undefined) return { why: "a guest's processes are nobody's but its own" };
    if (given.disk !== undefined) {
      return {
        why: 'a guest is limited in how fast its disk is, not in how much it writes',
        hint: 'say `limits: true`: its disk then does so many requests and bytes a second, and its network so many bytes',
      };
    }
    return undefined;
  },
  deployment: (neighbour) => ({
    manifest: guestsOf(neighbour),
    ...(neighbour.joins ? { neighbour: neighbour.joins } : {}),
  }),
};

/** One guest a program. A tenant without limits has as many processors, and as much memory, as it likes. */
function guestsOf({ programs, limits, memory, deadMan }: Neighbour): string {
  // How much a disk holds is never among the limits that were said (see above): it is the mark of the careful ones.
  const isCareful = limits?.disk !== undefined;
  const wanted = memory === undefined ? MEMORY : Math.max(MEMORY, Math.ceil(memory / MIB) + SYSTEM);
  const guests = programs.map(({ name, node, argv }) => [
    name,
    {
      count: 1,
      node,
      cores: UNLIMITED_CORES,
      ...(limits?.cpus === undefined ? {} : { cpulimit: limits.cpus }),
      memory: limits?.memory === undefined ? wanted : Math.max(64, Math.round(limits.memory / MIB)),
      ...(isCareful ? { disk: CAREFUL_DISK, rate: CAREFUL_RATE } : {}),
      parts: { [name]: { start: ['timeout', '-k', '5', String(Math.ceil(deadMan / 1000)), ...argv] } },
    },
  ]);
  return stringify({ guests: Object.fromEntries(guests) });
}
