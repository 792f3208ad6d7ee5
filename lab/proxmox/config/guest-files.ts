/** Where the configuration of a guest is: in the folder of the node that it is on. */
import type { ClusterFiles } from '../node/parts.ts';

const FOLDERS: Record<string, string> = { vm: 'qemu-server', ct: 'lxc' };

/** @param type `vm` or `ct` */
export const configPath = (node: string, vmid: number | string, type = 'vm') =>
  `nodes/${node}/${FOLDERS[type]}/${vmid}.conf`;

/** By `vm:100`, of all guests: the node that each is on. */
export async function guestPlaces(files: ClusterFiles): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const path of await files.list('nodes')) {
    const [, node, folder, vmid] = /^nodes\/([^/]+)\/(qemu-server|lxc)\/(\d+)\.conf$/.exec(path) ?? [];
    if (node !== undefined) places.set(`${folder === FOLDERS.vm ? 'vm' : 'ct'}:${vmid}`, node);
  }
  return places;
}
