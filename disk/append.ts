import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

/**
 * Appends all of a text to a file, or none of it: a disk that fills up takes a part and says nothing (a short write), and only the next
 * write fails. What was written by then is cut off again before the error is thrown, so that the file ends with a whole line.
 * Throws what the system says (ENOSPC, EIO, EDQUOT …).
 */
export function appendWhole(fd: number, text: string | Buffer): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const { size } = fstatSync(fd);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
  } catch (error) {
    cutTo(fd, size);
    throw error;
  }
}

function cutTo(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    // The file now ends with a torn line, which readers know; the write's own error says more.
  }
}
