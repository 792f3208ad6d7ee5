import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN_CONFIG } from './certificates.ts';
import type { ContainerdStore } from './images.ts';
import { kubernetesLab, type Settings } from './layout.ts';

/** The notes of a lab that is up, or was meant to be. */
export interface Notes extends Settings {
  /** What its machines run and start from, in the cache: it must not be replaced while they run. */
  programs: string;
  store: ContainerdStore;
}

/** Everything the lab keeps beside its machines. */
export const FOLDERS = {
  config: join(kubernetesLab.folder, 'config'),
  shared: join(kubernetesLab.folder, 'shared'),
};

/** How the suite, kubectl and anybody else on this computer reaches the cluster. */
export const KUBECONFIG = join(FOLDERS.config, ADMIN_CONFIG);

const FILE = join(kubernetesLab.folder, 'lab.json');

/** The notes of the lab that is there, fully up or not; undefined when it is down. */
export async function readNotes(): Promise<Notes | undefined> {
  return existsSync(FILE) ? (JSON.parse(await readFile(FILE, 'utf8')) as Notes) : undefined;
}

export async function writeNotes(notes: Notes): Promise<void> {
  await writeFile(`${FILE}.new`, JSON.stringify(notes, null, 2));
  await rename(`${FILE}.new`, FILE);
}
