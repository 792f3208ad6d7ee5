import { resolve } from 'node:path';
import { loadPart, partNames, type Sort } from '../files/own.ts';
import { OperatorError } from '../units/operator-error.ts';

/** What a workload asks of the labs: `fixtures/<name>/lab.ts` exports it as `lab`. The labs know of no workload but by this. */
export interface LabNeeds {
  /** Debian packages that its image, and the image of guests, hold. */
  packages: readonly string[];
  /** Where its users come in, by the names that its probes use. */
  entries: Readonly<Record<string, LabEntry>>;
}

/** A port of the edge, and where it leads on each kind of cluster. */
export interface LabEntry {
  /** Of the edge. */
  port: number;
  /** `http`: the edge reads requests. `https`: it ends TLS, too, and asks servers without. Of all others it passes bytes on. */
  protocol: 'http' | 'https' | 'smb' | 'tcp';
  /** What follows the port where users type it: a share. */
  path?: string;
  /** The page by which the edge knows a server, where that is not `/`: a server is out when it says 5xx, or nothing. Not asked on Kubernetes. */
  check?: string;
  /** The port that is published on every node. */
  swarm: number;
  /** The port of the Service on every worker. */
  kubernetes: number;
  /** The guests that serve it, by VMID: the first guest of a manifest is 101. And their port. */
  proxmox: { guests: readonly number[]; port: number };
}

export type NamedEntry = LabEntry & { name: string };

/** The needs of one workload. */
interface NeedsOf extends LabNeeds {
  workload: string;
}

const labSort: Sort = {
  exports: 'lab',
  type: 'LabNeeds',
  file: 'lab',
  methods: [],
  values: {
    packages: [Array.isArray, 'a list of Debian packages'],
    entries: [(value) => typeof value === 'object' && value !== null, 'a map of entries'],
  },
};

/** The folders of workloads: those of the project that uses the suite come first. */
export function workloadRooms(): string[] {
  return [...new Set([resolve('fixtures'), resolve(import.meta.dirname, '../fixtures')])];
}

/** What every workload asks for, by name. Throws OperatorError, naming the file, where one cannot be read. */
export async function labNeeds(): Promise<NeedsOf[]> {
  const rooms = workloadRooms();
  const names = await partNames(rooms, labSort);
  const found = await Promise.all(names.map((name) => loadPart<LabNeeds>(rooms, name, labSort)));
  return found.filter((each) => each !== undefined).map(({ name, part }) => ({ workload: name, ...part }));
}

/** Every entry of every workload, by name. Throws OperatorError where two want the same name or port: one edge serves them all. */
export function entriesOf(needs: readonly NeedsOf[]): NamedEntry[] {
  const owners = new Map<string, string>();
  return needs.flatMap(({ workload, entries }) =>
    Object.entries(entries).map(([name, entry]) => {
      for (const claim of [`the entry '${name}'`, `port ${entry.port}`]) {
        const owner = owners.get(claim);
        if (owner !== undefined) {
          throw new OperatorError(`the workloads ${owner} and ${workload} both want ${claim} of the lab's edge`, {
            hint: `change it in fixtures/${workload}/lab.ts`,
          });
        }
        owners.set(claim, workload);
      }
      return { name, ...entry };
    }),
  );
}
