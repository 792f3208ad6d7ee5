/** What Proxmox has one call for of virtual machines and one of containers, which are alike. */
import type { Api, Asking } from './api.ts';
import type { Answers } from './calls.ts';

export type GuestKind = 'qemu' | 'lxc';

/** A virtual machine or a container, where it is. */
export interface AnyGuest {
  node: string;
  vmid: number;
  kind: GuestKind;
}

/** Undefined for what is no guest. */
export const kindOf = (type: string): GuestKind | undefined => (type === 'qemu' || type === 'lxc' ? type : undefined);

/** As HA calls it. */
export const sidOf = ({ kind, vmid }: Pick<AnyGuest, 'kind' | 'vmid'>) => `${kind === 'lxc' ? 'ct' : 'vm'}:${vmid}`;

/** As people are told of it. */
export const wordOf = (kind: GuestKind) => (kind === 'lxc' ? 'container' : 'guest');

export function guestsOn(
  api: Api,
  { node, kind }: Pick<AnyGuest, 'node' | 'kind'>,
  asking: Asking = {},
): Promise<Answers<'GET', '/nodes/{node}/qemu'>> {
  return kind === 'lxc'
    ? api.get('/nodes/{node}/lxc', { node }, asking)
    : api.get('/nodes/{node}/qemu', { node }, asking);
}

/** @param more `current`: as it is in force, without changes that wait for the guest's next start */
export function configOf(
  api: Api,
  { node, vmid, kind }: AnyGuest,
  more: { current?: boolean } = {},
): Promise<Record<string, string>> {
  return kind === 'lxc'
    ? api.get('/nodes/{node}/lxc/{vmid}/config', { node, vmid, ...more })
    : api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid, ...more });
}

export function statusOf(
  api: Api,
  { node, vmid, kind }: AnyGuest,
  asking: Asking = {},
): Promise<Answers<'GET', '/nodes/{node}/qemu/{vmid}/status/current'>> {
  return kind === 'lxc'
    ? api.get('/nodes/{node}/lxc/{vmid}/status/current', { node, vmid }, asking)
    : api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid }, asking);
}

/** Of a configuration; keys that are undefined are left as they are. */
export interface GuestChange {
  tags?: string;
  net0?: string;
  scsi0?: string;
  delete?: string;
}

/** @param given `digest`: of the configuration that was read, so that nobody's change is written over */
export async function configure(
  api: Api,
  { node, vmid, kind }: AnyGuest,
  given: GuestChange & { digest?: string },
): Promise<void> {
  if (kind === 'lxc') await api.put('/nodes/{node}/lxc/{vmid}/config', { node, vmid, ...given });
  else await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid, ...given });
}
