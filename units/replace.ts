import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file of the suite's owner alone beside its place and renames it: there is the old one, or the new one whole, whatever ends this
 * in between. Throws what the system says (ENOSPC, EIO …), and leaves nothing beside it then.
 */
export function replaceFile(file: string, text: string): void {
  const beside = `${file}.new`;
  try {
    writeFileSync(beside, text, { mode: 0o600 });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
