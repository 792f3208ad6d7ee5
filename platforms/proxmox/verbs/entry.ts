/** What every entry of the tables in this folder is made of. */
import { PermanentError } from '../../../units/operator-error.ts';
import { entriesOf, namespace, node, text } from '../../verb.ts';
import type { Guest } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { type GuestId, parseMember } from '../state/members.ts';
import { markOf } from '../state/tags.ts';
import type { Viewer } from '../state/view.ts';

export interface ProxmoxContext {
  api: Api;
  viewer: Viewer;
  cluster: ProxmoxCluster;
  /** Hears what an act waits for. */
  tell?: ((waitingFor: string) => void) | undefined;
}

/** Privileges at a place in Proxmox's tree of rights, or a shell on the nodes. */
export type Right = { path: string; privileges: string[] } | 'ssh';

export const { verb, undo, question } = entriesOf<ProxmoxContext, Right>();

export const member = { namespace, node, member: text };

export const onGuests = (...privileges: string[]): Right => ({ path: '/vms', privileges });
export const onNodes = (...privileges: string[]): Right => ({ path: '/nodes', privileges });
export const onCluster = (...privileges: string[]): Right => ({ path: '/', privileges });
export const SSH: Right = 'ssh';

/**
 * The guest that an act names, wherever it is now; undefined when it is no more.
 *
 * @throws {PermanentError} for one that is not in that namespace
 */
export async function findGuest(
  { viewer }: ProxmoxContext,
  { namespace, member }: { namespace: string; member: string },
): Promise<(Guest & GuestId) | undefined> {
  const id = parseMember(member);
  if (!id)
    throw new PermanentError(
      `'${member}' is no member: expected the number of a guest and its process, such as 7001/4711`,
    );
  const { guests } = await viewer.look();
  const row = guests.find(({ vmid, type }) => vmid === id.vmid && type === 'qemu');
  if (!row) return undefined;
  if (!markOf(row.tags)?.has(namespace)) {
    throw new PermanentError(`guest ${id.vmid} on ${row.node} is not in ${namespace}; it is left alone`);
  }
  return { node: row.node, vmid: id.vmid, pid: id.pid };
}

/** As it is by its own node's word; undefined when it has moved away or is no more. */
export async function statusOf({ api }: ProxmoxContext, { node, vmid }: Guest) {
  try {
    return await api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid });
  } catch (error) {
    if (error instanceof ApiError && error.trouble === 'not-there') return undefined;
    throw error;
  }
}
