/** What the files of probes hold: made of their names, so that whoever reads one later knows what should be in it. */
import { createCipheriv, createHash } from 'node:crypto';

/** Bytes of a piece of a large file: as much as one answer may bring. */
export const PIECE = 256 * 1024;
/** Pieces of a large file, unless it is said. */
export const PIECES = 256;
/** Their number has two bytes in a sample. */
export const MOST_PIECES = 2 ** 16;
/** The kind of probe that copies one. */
const LARGE_FILE = 'smb-large';

/** How many pieces a probe's large file has; undefined for a probe that copies none. One of another kind, which a project brings, says `pieces` itself. */
export function piecesOf(probe: { kind: string; options?: Record<string, unknown> | undefined }): number | undefined {
  // Who leaves the probe's options out has its defaults.
  const { pieces = probe.kind === LARGE_FILE ? PIECES : undefined } = probe.options ?? {};
  return Number.isInteger(pieces) && Number(pieces) >= 1 && Number(pieces) <= MOST_PIECES ? Number(pieces) : undefined;
}

/** Bytes that no compression makes shorter, and no other name has. */
export function contentOf(name: string, size: number): Buffer {
  const seed = createHash('sha256').update(name).digest();
  return createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16)).update(Buffer.alloc(size));
}

/** How a file was found. */
export interface FoundFile {
  size: number;
  /** Of what it holds, in hexadecimal. */
  sha256: string;
}

/** Whether a file that was put under this name, with so many bytes, is still what it was. */
export function stateOf(name: string, size: number, found: FoundFile): 'whole' | 'truncated' | 'altered' {
  if (found.size < size) return 'truncated';
  const sum = createHash('sha256').update(contentOf(name, size)).digest('hex');
  return found.size === size && found.sha256 === sum ? 'whole' : 'altered';
}
