import { statSync } from 'node:fs';
import path from 'node:path';

/** The file of a load's script: as seen from the current folder, or one that comes with the suite. Undefined if there is none. */
export function scriptFile(script: string): string | undefined {
  const places = [path.resolve(script), path.join(import.meta.dirname, '../..', script)];
  return places.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
