/** What every entry of the tables in this folder is made of. */
import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import { entriesOf, namespace, node, text } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { type AnyGuest, statusOf as askStatus, wordOf } from '../api/guest-calls.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { type GuestId, parseMember } from '../state/members.ts';
import { markOf } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { CONTAINERS_CANNOT } from './containers.ts';

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
/** As an act names it: `node` is where it was then. */
export type NamedMember = Record<keyof typeof member, string>;

export const onGuests = (...privileges: string[]): Right => ({ path: '/vms', privileges });
export const onNodes = (...privileges: string[]): Right => ({ path: '/nodes', privileges });
export const onCluster = (...privileges: string[]): Right => ({ path: '/', privileges });
export const SSH: Right = 'ssh';
/** For what a run notes as pools: its lock, and nodes in maintenance. */
export const POOLS: Right = { path: '/pool', privileges: ['Pool.Allocate', 'Pool.Audit'] };

/**
 * The guest that an act names, wherever it is now; undefined when it is no more.
 *
 * @throws {PermanentError} for one that is not in that namespace
 */
export async function findGuest(
  { viewer }: ProxmoxContext,
  of: Pick<NamedMember, 'namespace' | 'member'>,
): Promise<(AnyGuest & GuestId) | undefined> {
  return guestIn(await viewer.look(), of);
}

/** The same, in a view that is there already. */
export function guestIn(
  { guests }: View,
  { namespace, member }: Pick<NamedMember, 'namespace' | 'member'>,
): (AnyGuest & GuestId) | undefined {
  const id = parseMember(member);
  if (!id)
    throw new PermanentError(
      `'${member}' is no member: expected the number of a guest and its process, such as 7001/4711 or ct:7001/4711`,
    );
  const row = guests.find(({ vmid, type }) => vmid === id.vmid && type === id.kind);
  if (!row) return undefined;
  const { node } = row;
  if (!markOf(row.tags)?.has(namespace)) {
    throw new PermanentError(`${wordOf(id.kind)} ${id.vmid} on ${node} is not in ${namespace}; it is left alone`);
  }
  return { ...id, node };
}

/** The same, where nothing can be done without it. */
export async function present(context: ProxmoxContext, of: NamedMember): Promise<AnyGuest & GuestId> {
  const guest = await findGuest(context, of);
  if (guest) return guest;
  throw new OperatorError(`there is no guest ${of.member} on ${of.node}`, {
    hint: 'it ended between being chosen and being acted on',
  });
}

/** @throws {PermanentError} for a container, of which this cannot be asked */
export function refuseContainer({ kind, vmid, node }: AnyGuest, verb: string): void {
  const why = CONTAINERS_CANNOT[verb];
  if (kind === 'lxc' && why !== undefined) throw new PermanentError(`container ${vmid} on ${node}: ${why}`);
}

/** As it is by its own node's word; undefined when it has moved away or is no more. */
export async function statusOf({ api }: ProxmoxContext, guest: AnyGuest) {
  try {
    return await askStatus(api, guest);
  } catch (error) {
    if (error instanceof ApiError && error.trouble === 'not-there') return undefined;
    throw error;
  }
}
