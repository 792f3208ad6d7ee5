import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { linkOrCopy } from '../../disk/link-or-copy.ts';
import { OperatorError } from '../../units/operator-error.ts';

/**
 * Puts results of several folders, such as of parallel jobs, into one that is there. Their files are named by chance, so that one of a name that is there
 * already is the same. Throws OperatorError for a folder without results.
 */
export function gatherResults(folders: readonly string[], into: string): void {
  for (const folder of folders) {
    const names = filesIn(folder);
    if (!names.some((name) => name.endsWith('-result.json')))
      throw new OperatorError(`There are no Allure results in ${folder}.`, {
        hint: 'Give folders as `brownout run` leaves them: .brownout/allure-results',
      });
    for (const name of names)
      if (!existsSync(path.join(into, name))) linkOrCopy(path.join(folder, name), path.join(into, name));
  }
}

/** Without those in folders below; none where there is no folder. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch {
    return [];
  }
}
