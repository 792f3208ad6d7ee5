import { type PowerCut, powerCutOf } from '../disk.ts';
import { dockerOf } from '../docker/daemon.ts';
import { entryUrls } from '../edge.ts';
import { type LinkState, linkState, type PowerState, powerState } from '../host.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { EDGE, seats, swarmLab } from './layout.ts';
import { readNotes } from './up.ts';

export interface SwarmStatus {
  lab: 'swarm';
  /** `up`: every machine is on, connected and, if a node, ready. `partly`: some of it. `down`: nothing is there. */
  state: 'up' | 'partly' | 'down';
  machines: MachineStatus[];
  /** Where users reach the workloads, by entry name. */
  entry: Record<string, string>;
  /** What a power cut leaves of what its machines have written; undefined while the lab is down. */
  powerCut?: PowerCut | undefined;
}

export interface MachineStatus {
  name: string;
  address: string;
  role: 'manager' | 'worker' | 'edge';
  power: PowerState;
  link: LinkState;
  /** What the Swarm says about the node; undefined for the edge, and when no manager answers. */
  ready: boolean | undefined;
  /** The node's Docker API. */
  docker: string | undefined;
}

export async function swarmStatus(): Promise<SwarmStatus> {
  const notes = await readNotes();
  if (!notes) return { lab: 'swarm', state: 'down', machines: [], entry: {} };
  const nodes = seats(notes);
  const ready = await readiness(nodes.filter(({ role }) => role === 'manager').map(({ name }) => name));
  const kernel = (name: string) => ({ power: powerState(swarmLab, name), link: linkState(swarmLab, name) });
  const machines: MachineStatus[] = [
    ...nodes.map((seat) => ({
      ...seat,
      ...kernel(seat.name),
      ready: ready?.has(seat.name),
      docker: `tcp://${seat.address}:2375`,
    })),
    { ...EDGE, role: 'edge', ...kernel(EDGE.name), ready: undefined, docker: undefined },
  ];
  const well = machines.every(
    ({ role, power, link, ready }) => power === 'on' && link === 'connected' && (role === 'edge' || ready),
  );
  const entry = entryUrls(entriesOf(await labNeeds()), EDGE);
  return { lab: 'swarm', state: well ? 'up' : 'partly', machines, entry, powerCut: powerCutOf(swarmLab) };
}

/** Names of the nodes that are ready, as the first manager that answers sees it. */
async function readiness(managers: string[]): Promise<Set<string> | undefined> {
  for (const manager of managers) {
    const nodes = await dockerOf(swarmLab, manager)
      .get<{ Description: { Hostname: string }; Status: { State: string } }[]>('/nodes')
      .catch(() => undefined);
    if (nodes)
      return new Set(
        nodes.filter(({ Status }) => Status.State === 'ready').map(({ Description }) => Description.Hostname),
      );
  }
  return undefined;
}
