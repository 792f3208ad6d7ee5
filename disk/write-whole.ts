import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file beside its place and renames it there: whoever reads it sees all of it or what was there before, and a disk that is full
 * leaves neither half a file nor an empty one. What is no plain file (a pipe, a link) is written to; a pipe that nobody reads is an error (ENXIO), and
 * is not waited for. Throws what the system says.
 */
export function writeWhole(file: string, text: string, mode = 0o666): void {
  if (existsSync(file) && !lstatSync(file).isFile()) {
    const isRead = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(isRead);
    }
    return;
  }
  // A name of its own: another process may write the same file at the same time.
  const beside = `${file}.${randomBytes(4).toString('hex')}.new`;
  try {
    writeFileSync(beside, text, { mode });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
