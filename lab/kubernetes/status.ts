import { type PowerCut, powerCutOf } from '../disk.ts';
import { entryUrls } from '../edge.ts';
import { type LinkState, linkState, type PowerState, powerState } from '../host.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { apiOf } from './api.ts';
import { CONTEXT, EDGE, kubernetesLab, type Seat, type Settings, seats } from './layout.ts';
import { KUBECONFIG, readNotes } from './notes.ts';
import { readyNodes } from './up.ts';

export interface KubernetesStatus {
  lab: 'kubernetes';
  /** `up`: every machine is on, connected and, if a node, ready. `partly`: some of it. `down`: nothing is there. */
  state: 'up' | 'partly' | 'down';
  settings: Settings | undefined;
  machines: MachineStatus[];
  /** Where users reach the workloads, by entry name. */
  entry: Record<string, string>;
  /** What a power cut leaves of what its machines have written; undefined while the lab is down. */
  powerCut?: PowerCut | undefined;
  /** How to reach the API. */
  reach: { kubeconfig: string; context: string } | undefined;
}

export interface MachineStatus {
  name: string;
  address: string;
  role: Seat['role'] | 'edge';
  power: PowerState;
  link: LinkState;
  /** What the control plane says about the node; undefined for the edge, and when no API server answers. */
  ready: boolean | undefined;
}

export async function kubernetesStatus(): Promise<KubernetesStatus> {
  const notes = await readNotes();
  if (!notes)
    return { lab: 'kubernetes', state: 'down', settings: undefined, machines: [], entry: {}, reach: undefined };
  const ready = await readiness();
  const machines = [...seats(notes), { name: EDGE.name, address: EDGE.address, role: 'edge' as const }].map(
    ({ name, address, role }): MachineStatus => ({
      name,
      address,
      role,
      power: powerState(kubernetesLab, name),
      link: linkState(kubernetesLab, name),
      ready: role === 'edge' ? undefined : ready?.has(name),
    }),
  );
  const well = machines.every(
    ({ role, power, link, ready }) => power === 'on' && link === 'connected' && (role === 'edge' || ready),
  );
  return {
    lab: 'kubernetes',
    state: well ? 'up' : 'partly',
    settings: { controlPlanes: notes.controlPlanes, timers: notes.timers },
    machines,
    powerCut: powerCutOf(kubernetesLab),
    entry: entryUrls(entriesOf(await labNeeds()), EDGE),
    reach: { kubeconfig: KUBECONFIG, context: CONTEXT },
  };
}

/** Names of the nodes that are ready; undefined when the API does not answer, or is not there yet. */
async function readiness(): Promise<Set<string> | undefined> {
  const api = await apiOf(KUBECONFIG).catch(() => undefined);
  if (!api) return undefined;
  return readyNodes(api)
    .catch(() => undefined)
    .finally(() => api.close());
}
