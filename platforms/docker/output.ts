import type { Readable } from 'node:stream';
import { OUTPUT, Pieces, size, TooLong } from '../../processes/bounded.ts';

const HEADER = 8;
const STDERR = 2;

/**
 * What a command in a container prints: frames of a header (its stream, three zeros, its length) and that many bytes. Resolves at
 * its end. Throws TooLong.
 */
export async function readOutput(stream: Readable, what: string): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Pieces(), new Pieces()];
  const header = Buffer.alloc(HEADER);
  /** How much of the header is there, and how much of the frame's body is still to come. */
  let [known, missing] = [0, 0];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      if (known < HEADER) {
        const copied = chunk.copy(header, known, at);
        at += copied;
        known += copied;
        if (known === HEADER) missing = header.readUInt32BE(4);
      } else {
        const piece = chunk.subarray(at, at + missing);
        at += piece.length;
        missing -= piece.length;
        (header[0] === STDERR ? stderr : stdout).add(piece);
        if (stdout.bytes + stderr.bytes > OUTPUT) throw new TooLong(what, `it has printed more than ${size(OUTPUT)}`);
      }
      if (known === HEADER && missing === 0) known = 0;
    }
  }
  return { stdout: stdout.text(), stderr: stderr.text() };
}
