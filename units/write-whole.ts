import { existsSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file beside its place and renames it there: whoever reads it sees all of it or what was there before, and a disk that is full
 * leaves neither half a file nor an empty one. What is no plain file (a pipe, a link) is written to. Throws what the system says.
 */
export function writeWhole(file: string, text: string, mode = 0o666): void {
  if (existsSync(file) && !lstatSync(file).isFile()) {
    writeFileSync(file, text);
    return;
  }
  const beside = `${file}.new`;
  try {
    writeFileSync(beside, text, { mode });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
