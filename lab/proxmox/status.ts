import { type PowerCut, powerCutOf } from '../disk.ts';
import { entryUrls } from '../edge.ts';
import { type LinkState, linkState, type PowerState, pathInside, powerState } from '../host.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { access } from './configure.ts';
import { API_PORT, EDGE, proxmoxLab, type Settings, seats } from './layout.ts';
import { askAdmin, type NodeState } from './node/admin.ts';
import { AGENT_SOCKET } from './node/settings.ts';
import { FOLDERS, readNotes } from './notes.ts';

export interface ProxmoxStatus {
  lab: 'proxmox';
  /** `up`: every machine is on, connected and, if a node, a member of a cluster that is whole. `partly`: some of it. `down`: nothing is there. */
  state: 'up' | 'partly' | 'down';
  settings: Settings | undefined;
  machines: MachineStatus[];
  /** Where users reach the workloads, by entry name. */
  entry: Record<string, string>;
  /** What a power cut leaves of what its machines have written; undefined while the lab is down. */
  powerCut?: PowerCut | undefined;
  /** How to reach the API and the nodes. */
  reach: ({ endpoints: string[] } & ReturnType<typeof access>) | undefined;
}

export interface MachineStatus {
  name: string;
  address: string;
  role: 'node' | 'edge';
  power: PowerState;
  link: LinkState;
  /** It says itself that it has a majority with all others; undefined for the edge, and when it does not answer. */
  ready: boolean | undefined;
  /** It is the HA master, by its own word. */
  master?: boolean;
}

export async function proxmoxStatus(): Promise<ProxmoxStatus> {
  const notes = await readNotes();
  if (!notes) return { lab: 'proxmox', state: 'down', settings: undefined, machines: [], entry: {}, reach: undefined };
  const all = seats(notes);
  const kernel = (name: string) => ({ power: powerState(proxmoxLab, name), link: linkState(proxmoxLab, name) });
  const nodes = await Promise.all(
    all.map(async ({ name, address }): Promise<MachineStatus> => {
      const said = await nodeState(name);
      const ready = said?.quorate && said.members.length === all.length;
      return { name, address, role: 'node', ...kernel(name), ready, master: said?.crm === 'master' };
    }),
  );
  const edge: MachineStatus = { ...EDGE, role: 'edge', ...kernel(EDGE.name), ready: undefined };
  const machines = [...nodes, edge];
  const well = machines.every(
    ({ role, power, link, ready }) => power === 'on' && link === 'connected' && (role === 'edge' || ready),
  );
  return {
    lab: 'proxmox',
    state: well ? 'up' : 'partly',
    settings: { nodes: notes.nodes, timeScale: notes.timeScale },
    machines,
    powerCut: powerCutOf(proxmoxLab),
    entry: entryUrls(entriesOf(await labNeeds()), EDGE),
    reach: { endpoints: all.map(({ address }) => `https://${address}:${API_PORT}`), ...access(FOLDERS.config) },
  };
}

/** What a node says of itself, also when its cable is out; undefined when it does not answer. */
export async function nodeState(name: string): Promise<NodeState | undefined> {
  const socket = pathInside(proxmoxLab, name, AGENT_SOCKET);
  return socket === undefined ? undefined : askAdmin<NodeState>(socket, 'GET /state').catch(() => undefined);
}
