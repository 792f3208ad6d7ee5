/** Recordings that a command is about, where one that cannot be read keeps no other from being read. */

import { stderr } from '../output/terminal.ts';
import { findRun, listRuns, type RunFolder } from '../recording/folder.ts';

export interface Read<T> {
  folder: RunFolder;
  value: T;
}

/** The run of that name, or the newest that can be read. Throws what `read` throws of it; without a name, of the newest. */
export function readRun<T>(name: string | undefined, read: (folder: RunFolder) => T): Read<T> {
  if (name === undefined) {
    const [newest] = readNewest(1, read);
    if (newest) return newest;
  }
  const folder = findRun(name);
  return { folder, value: read(folder) };
}

/** The newest `count` runs that can be read, oldest first; those that cannot are told. Runs that are not `wanted` are not even read. */
export function readNewest<T>(
  count: number,
  read: (folder: RunFolder) => T,
  wanted: (folder: RunFolder) => boolean = () => true,
): Read<T>[] {
  const found: Read<T>[] = [];
  for (const folder of listRuns().reverse()) {
    if (found.length === count) break;
    if (!wanted(folder)) continue;
    try {
      found.unshift({ folder, value: read(folder) });
    } catch (error) {
      stderr.print(`${folder.dir} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return found;
}
