import { copyFileSync, linkSync } from 'node:fs';

/** The same file under another name; a copy, where the file system has no links. Throws what the system says, also if the name is taken. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    copyFileSync(from, to);
  }
}
