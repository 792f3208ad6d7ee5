/**
 * Folders that this process makes for what a workload puts together before it is deployed: beside the workload they would be one for all
 * processes, and could not be made by whoever may not write to the suite.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

const made = new Set<string>();

/** An empty one, which is gone when this process ends. */
export function makeFolder(): string {
  if (made.size === 0) {
    process.on('exit', () => {
      for (const folder of made) rmSync(folder, { recursive: true, force: true });
    });
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'brownout-made-')));
  made.add(folder);
  return folder;
}

/** @param real a path without links in it */
export function isMade(real: string): boolean {
  return [...made].some((folder) => real === folder || real.startsWith(folder + sep));
}
