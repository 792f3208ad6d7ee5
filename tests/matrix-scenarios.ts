/** Which scenarios make up the matrix of Apache and the file server: each fault that it asks for, on each platform. */
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

export const workloads = ['apache', 'samba'] as const;
export const labs = ['swarm', 'kubernetes', 'proxmox'] as const;
export type LabName = (typeof labs)[number];

/** Absolute, sorted. Those in a folder of another platform are for that one. The lab's guests are emulated: what they can keep up with is in their own folder. */
export function scenariosOn(lab: LabName): string[] {
  const files = workloads.flatMap((workload) => {
    const folder = path.join(root, 'scenarios', workload);
    const own = path.join(folder, lab);
    const general = lab === 'proxmox' ? [] : globSync(`${folder}/*.yaml`);
    return existsSync(own) ? [...general, ...globSync(`${own}/*.yaml`)] : general;
  });
  return files.sort();
}

export const clusterOf = (lab: LabName) => path.join(root, 'clusters', `lab-${lab}.yaml`);
