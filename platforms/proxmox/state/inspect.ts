import type { Inspection, Node, Timer } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { kindOf, sidOf } from '../api/guest-calls.ts';
import { timersOf } from '../timers.ts';
import { markOf } from './tags.ts';
import { isThere, type View, type Viewer, type ViewNode } from './view.ts';

/** Versions, nodes, quorum, HA, and every timer that decides how long recovery takes. */
export async function inspectProxmox(api: Api, viewer: Viewer): Promise<Inspection> {
  const view = await viewer.look();
  const [version, options, storages, details] = await Promise.all([
    api.get('/version'),
    api.get('/cluster/options'),
    api.get('/storage'),
    Promise.all(view.nodes.filter(isThere).map((node) => versionOf(api, node.name))),
  ]);
  const online = view.nodes.filter((node) => node.online);
  const usable = storages.filter(({ disable, content }) => !disable && /\bimages\b/.test(content));
  const names = (shared: boolean) => usable.filter((each) => each.shared === shared).map(({ storage }) => storage);
  return {
    platform: 'proxmox',
    versions: {
      pve: version.version,
      nodes: [...new Set(details)].sort().join(', '),
      // Nothing of these is a version, and all of it decides what recovery is like.
      'ha.fencing': options.fencing ?? 'watchdog (default)',
      'ha.shutdown_policy': options.ha?.shutdown_policy ?? 'conditional (default)',
      'ha.lrm': view.nodes.map(({ name, lrm }) => `${name} ${lrm?.state ?? 'unknown'}`).join(', '),
      'storage.shared': names(true).join(', ') || 'none',
      'storage.local': names(false).join(', ') || 'none',
    },
    nodes: view.nodes.map((node) => toNode(node, view)),
    quorum: {
      managers: view.nodes.length,
      reachable: online.length,
      needed: Math.floor(view.nodes.length / 2) + 1,
    },
    timers: [...timersOf(view.nodes.length), ...unmanaged(view)],
  };
}

/** What it is as it runs: nodes of two versions are met in the middle of an upgrade. */
async function versionOf(api: Api, node: string): Promise<string> {
  const asking = { patience: 0, timeout: 5_000 };
  return api.get('/nodes/{node}/status', { node }, asking).then(
    ({ pveversion }) => pveversion,
    () => `${node} does not tell`,
  );
}

/** Each node of Proxmox votes, and the CRM's master is who leads. */
function toNode(node: ViewNode, { master }: Pick<View, 'master'>): Node {
  return {
    name: node.name,
    role: 'manager',
    leader: node.name === master,
    ready: isThere(node),
    schedulable: isThere(node) && node.ha !== 'maintenance',
    address: node.address,
    labels: {},
  };
}

/** Services of the suite that HA does not look after: nothing brings them back but their node. */
function unmanaged({ guests, services }: View): Timer[] {
  const marked = guests.flatMap(({ tags, vmid, type }) => {
    const kind = kindOf(type);
    if (kind === undefined) return [];
    const managed = services[sidOf({ kind, vmid })] !== undefined;
    return (markOf(tags)?.services ?? []).map((service) => ({ service, managed }));
  });
  const without = marked.filter(({ managed }) => !managed).map(({ service }) => service);
  return [...new Set(without)].map((service) => ({ name: `ha.none.${service}`, ms: 0, source: 'read' }));
}
