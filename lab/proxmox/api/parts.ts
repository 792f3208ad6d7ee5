import type { ClusterFiles, HaFiles, Hypervisor, Machine, Membership, Storage } from '../node/parts.ts';

/** What a node's API stands on. */
export interface Parts {
  membership: Membership;
  files: ClusterFiles;
  hypervisor: Hypervisor;
  storage: Storage;
  ha: HaFiles;
  machine: Machine;
}

export const epoch = () => Math.floor(Date.now() / 1000);

export const configPath = (node: string, vmid: number) => `nodes/${node}/qemu-server/${vmid}.conf`;

/** Where each guest's configuration is. */
export async function guestNodes({ files }: Parts): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const path of await files.list('nodes')) {
    const [, node, vmid] = /^nodes\/([^/]+)\/qemu-server\/(\d+)\.conf$/.exec(path) ?? [];
    if (vmid !== undefined) found.set(Number(vmid), node!);
  }
  return found;
}
