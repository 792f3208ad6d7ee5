import { guestPlaces } from '../config/guest-files.ts';
import { isVm } from '../ha/state.ts';
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

/** Where the configuration of each is: of virtual machines, and of containers, which share their numbers. */
export async function guestNodes({ files }: Parts, kind: 'vm' | 'ct' | 'any' = 'any'): Promise<Map<number, string>> {
  const places = [...(await guestPlaces(files))].filter(([sid]) => kind === 'any' || isVm(sid) === (kind === 'vm'));
  return new Map(places.map(([sid, node]) => [Number(sid.slice('vm:'.length)), node]));
}
