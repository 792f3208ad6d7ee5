import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../disk/write-whole.ts';
import { proxmoxLab, type Settings } from './layout.ts';

/** The notes of a lab that is up, or was meant to be. */
export interface Notes extends Settings {
  /** When it was made, ms since 1970: its nodes' time of high availability counts from there. */
  epoch: number;
}

/** Everything the lab keeps beside its machines. */
export const FOLDERS = {
  config: join(proxmoxLab.folder, 'config'),
  shared: join(proxmoxLab.folder, 'shared'),
};

const FILE = join(proxmoxLab.folder, 'lab.json');

/** The notes of the lab that is there, fully up or not; undefined when it is down. */
export async function readNotes(): Promise<Notes | undefined> {
  return existsSync(FILE) ? (JSON.parse(await readFile(FILE, 'utf8')) as Notes) : undefined;
}

export function writeNotes(notes: Notes): void {
  writeWhole(FILE, JSON.stringify(notes, null, 2));
}
