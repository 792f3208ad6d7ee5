/** Which guests will be made, where, with which numbers and addresses; and whether they can be, before anything is changed. */

import { OperatorError } from '../../../units/operator-error.ts';
import { fitsPattern } from '../../../units/pattern.ts';
import { few } from '../../../units/words.ts';
import type { Api } from '../api/api.ts';
import { LOCKED } from '../api/api-error.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { isOnline, isThere, type View } from '../state/view.ts';
import type { GuestSpec, Manifest } from './manifest.ts';

export interface PlannedGuest {
  name: string;
  /** What the manifest calls it. */
  kind: string;
  spec: GuestSpec;
  vmid: number;
  node: string;
  /** Undefined: by DHCP. */
  address: string | undefined;
}

/** A host name holds no underscore. */
export const guestName = (namespace: string, kind: string, index: number) =>
  `${namespace}-${kind}-${index}`.replaceAll('_', '-').toLowerCase();

/**
 * @param given addresses that are taken already, and the only nodes that have the storage, where not all have it
 * @throws {OperatorError} when there are too few numbers, addresses or nodes
 */
export function planGuests(
  namespace: string,
  { guests }: Manifest,
  view: View,
  cluster: Pick<ProxmoxCluster, 'vmids' | 'addresses' | 'allow' | 'storage'>,
  given: { addresses: ReadonlySet<string>; places?: readonly string[] | undefined },
): PlannedGuest[] {
  const wanted = Object.entries(guests).flatMap(([kind, spec]) =>
    Array.from({ length: spec.count }, (_, index) => ({
      kind,
      spec,
      name: guestName(namespace, kind, index + 1),
    })),
  );
  const vmids = freeNumbers(cluster.vmids, new Set(view.guests.map(({ vmid }) => vmid)), wanted.length);
  const addresses = addressesFor(vmids, cluster)?.filter((address) => !given.addresses.has(address));
  if (addresses && addresses.length < wanted.length) {
    throw new OperatorError(`${wanted.length} guests need an address each, and ${addresses.length} are free`, {
      hint: 'widen `addresses` in the cluster file',
    });
  }
  const places = view.nodes
    .filter((node) => isThere(node) && node.ha !== 'maintenance' && fitsPattern(node.name, cluster.allow.nodes))
    .map(({ name }) => name)
    .filter((name) => given.places?.includes(name) ?? true);
  const fit = given.places === undefined ? ' and allowed' : `, allowed and with storage ${cluster.storage}`;
  const load = new Map(places.map((place) => [place, 0]));
  const used = new Map<string, Set<string>>();
  return wanted.map(({ kind, spec, name }, index) => {
    const ofService = used.get(kind) ?? new Set<string>();
    used.set(kind, ofService);
    const fitting = spec.node === undefined ? places : places.filter((place) => place === spec.node);
    // Those of one service are spread first, then the load; names break ties, so that the same cluster gives the same places.
    const [node] = [...fitting].sort(
      (a, b) =>
        Number(ofService.has(a)) - Number(ofService.has(b)) || load.get(a)! - load.get(b)! || a.localeCompare(b),
    );
    if (node === undefined || (spec.apart && ofService.has(node))) {
      throw new OperatorError(`there is no node for ${name}${spec.node === undefined ? '' : ` on ${spec.node}`}`, {
        hint: `nodes that are there, not in maintenance${fit}: ${few(places) || 'none'}${spec.apart ? `; ${kind} wants one for each of ${spec.count}` : ''}`,
      });
    }
    ofService.add(node);
    load.set(node, load.get(node)! + 1);
    return { name, kind, spec, vmid: vmids[index]!, node, address: addresses?.[index] };
  });
}

/** Where there are as many addresses as numbers, each number has its own: a load balancer can be told beforehand. */
function addressesFor(
  vmids: number[],
  { addresses, vmids: span }: Pick<ProxmoxCluster, 'vmids' | 'addresses'>,
): string[] | undefined {
  if (addresses?.all.length !== span.last - span.first + 1) return addresses?.all;
  return vmids.map((vmid) => addresses.all[vmid - span.first]!);
}

function freeNumbers({ first, last }: ProxmoxCluster['vmids'], taken: ReadonlySet<number>, count: number): number[] {
  const free: number[] = [];
  for (let vmid = first; vmid <= last && free.length < count; vmid += 1) if (!taken.has(vmid)) free.push(vmid);
  if (free.length === count) return free;
  throw new OperatorError(
    `${count} guests need a number each, and of ${first} to ${last} only ${free.length} are free`,
    {
      hint: 'widen `vmids` in the cluster file',
    },
  );
}

/** Where guests are cloned from. */
export interface Template {
  vmid: number;
  node: string;
}

export interface Source {
  /** Undefined where guests are made of an image. */
  template: Template | undefined;
  /** The only nodes that have the storage; undefined where all have it, or none is named. */
  places: string[] | undefined;
}

/** Throws OperatorError that says what is wrong with the template or the storage. */
export async function checkSource(
  api: Api,
  cluster: ProxmoxCluster,
  view: View,
  needsSharing: boolean,
): Promise<Source> {
  const places = cluster.storage === undefined ? undefined : await checkStorage(api, cluster.storage, needsSharing);
  const { from } = cluster;
  if (!from || !('template' in from)) return { template: undefined, places };
  const row = view.guests.find(({ vmid }) => vmid === from.template);
  if (!row) {
    throw new OperatorError(`there is no guest ${from.template} to clone, or the suite's account may not see it`, {
      hint: `\`template\` in the cluster file names it; the account needs VM.Audit and VM.Clone on /vms/${from.template}`,
    });
  }
  if (row.type !== 'qemu') {
    throw new OperatorError(
      `${from.template} (${row.name}) on ${row.node} is a container, and guests are cloned from a VM`,
      {
        hint: 'name the template of a VM as `template`; containers can be used that are there already: `guests`',
      },
    );
  }
  const { node, vmid } = row;
  if (!isOnline(view, node)) {
    throw new OperatorError(
      `template ${vmid} (${row.name}) on ${node} cannot be cloned: ${node} is offline, or no node of this cluster`,
      { hint: `bring ${node} back, or name the template of another node as \`template\`` },
    );
  }
  // Not by the cluster's list, which may be ten seconds old.
  const config = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
  const what = `${vmid} (${config.name}) on ${node}`;
  if (config.template !== '1') {
    throw new OperatorError(`guest ${what} is no template`, {
      hint: `on a node: qm template ${vmid}; or name another as \`template\``,
    });
  }
  if (!/^(1|enabled=1)\b/.test(config.agent ?? '')) {
    throw new OperatorError(`template ${what} has no guest agent configured`, {
      hint: `install qemu-guest-agent in it, then on a node: qm set ${vmid} --agent 1`,
    });
  }
  if (config.lock !== undefined) {
    throw new OperatorError(`template ${what} is locked (${config.lock})`, {
      hint: LOCKED,
    });
  }
  return { template: { vmid, node }, places };
}

/** → the only nodes that have it; undefined for all. */
async function checkStorage(api: Api, name: string, needsSharing: boolean): Promise<string[] | undefined> {
  const all = await api.get('/storage');
  const found = all.find(({ storage }) => storage === name);
  if (!found || found.disable) {
    const known = all.filter(({ disable }) => !disable).map(({ storage }) => storage);
    throw new OperatorError(`there is no storage ${name}${found ? ': it is disabled' : ''}`, {
      hint: `\`storage\` in the cluster file names it; there is: ${known.join(', ') || 'none that the account may see'}`,
    });
  }
  if (!/\bimages\b/.test(found.content)) {
    throw new OperatorError(`storage ${name} takes no disks of guests (content: ${found.content})`, {
      hint: `on a node: pvesm set ${name} --content images,${found.content}`,
    });
  }
  if (needsSharing && !found.shared) {
    throw new OperatorError(`storage ${name} is not shared: HA could start its guests on no other node`, {
      hint: 'name a shared storage as `storage`, or deploy the variant without HA',
    });
  }
  return found.nodes?.split(',');
}
