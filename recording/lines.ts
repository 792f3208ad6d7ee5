import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { refuseIrregular } from '../disk/regular.ts';

/** The longest line a run writes has the ids of all acknowledged writes: this is enough for three million. */
const LONGEST_LINE = 128 * 2 ** 20;
const CHUNK = 2 ** 20;

/** A line of a file, without its newline. `number` is 1-based. */
export interface Line {
  number: number;
  /** Undefined when it is no text, or so long that it is not read. */
  text: string | undefined;
  /** It has no newline: the file ends in it. */
  torn: boolean;
}

/** The lines of a file, one at a time and none held longer than it is looked at, whatever their length. Empty ones are left out. */
export function* linesOf(file: string): Generator<Line> {
  refuseIrregular(file);
  const fd = openSync(file, 'r');
  const chunk = Buffer.alloc(CHUNK);
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 1;
  const keep = (piece: Buffer) => {
    length += piece.length;
    if (length > LONGEST_LINE) pieces = [];
    else pieces.push(Buffer.from(piece));
  };
  const take = (torn: boolean): Line => {
    const bytes = Buffer.concat(pieces);
    const isText = length <= LONGEST_LINE && isUtf8(bytes);
    pieces = [];
    length = 0;
    return { number: number++, text: isText ? bytes.toString() : undefined, torn };
  };
  try {
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      let from = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0 && end < read; end = chunk.indexOf(0x0a, from)) {
        keep(chunk.subarray(from, end));
        from = end + 1;
        if (length > 0) yield take(false);
        else number++;
      }
      keep(chunk.subarray(from, read));
    }
    if (length > 0) yield take(true);
  } finally {
    closeSync(fd);
  }
}
