/**
 * Whether a node goes on or ends, by its own word. When a node is shut down, systemd stops `pve-guests` first, whose task `stopall` shuts down the guests
 * outside HA, three minutes each unless their configuration says otherwise. Only then its LRM is told, and says so at once; until then it
 * says each ten seconds that it is active. After that it says nothing any more.
 */
import type { LastWord } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import type { View, Viewer, ViewNode } from './view.ts';

/** Undefined where it says nothing, or cannot be asked. */
export async function lastWordOf(api: Api, viewer: Viewer, name: string): Promise<LastWord | undefined> {
  try {
    const view = await viewer.look({ patience: 0 });
    const node = view.nodes.find((each) => each.name === name);
    if (node?.lrm?.timestamp === undefined) return undefined;
    const isGoing = !goesOn(node, view) || (await stopsGuests(api, name));
    return { isGoing, told: node.lrm.timestamp };
  } catch {
    return undefined;
  }
}

async function stopsGuests(api: Api, node: string): Promise<boolean> {
  const asks = { node, source: 'active', typefilter: 'stopall' } as const;
  const { data } = await api.get('/nodes/{node}/tasks', asks, { patience: 0 });
  // Some that have just ended are among them.
  return data.some(({ type, endtime }) => type === 'stopall' && endtime === undefined);
}

function goesOn(node: ViewNode, view: View): boolean {
  if (node.lrm?.mode !== 'maintenance') return node.lrm?.mode === 'active';
  // The same word is that of a shutdown under the policy `migrate`, and of one in the middle of a maintenance that somebody has asked for. With
  // nothing left to do, an LRM that is to end has ended.
  return node.isToBeEmpty && !isBusy(node.name, view);
}

/** For what an LRM does not wait. */
const AT_REST = ['stopped', 'freeze', 'error', 'request_start'];

const isBusy = (name: string, { services }: View) =>
  Object.values(services).some(({ node, state }) => node === name && !AT_REST.includes(state));
