import { printable } from '../output/printable.ts';

/** What this process is in the middle of, in words: whoever sees it end before its time can say so. */
const going: { what: string }[] = [];

const LONGEST = 4096;
const LENGTH_BYTES = Int32Array.BYTES_PER_ELEMENT;

/**
 * The same for another thread of this process, which cannot ask a thread that is stuck: the length of the words in bytes, then the words in
 * UTF-8, harmless to a terminal.
 */
export const doingForThreads = new SharedArrayBuffer(LENGTH_BYTES + LONGEST);

/** @param what 'loading faults/mine.ts', 'undoing power.off w1' */
export async function doing<T>(what: string, work: () => Promise<T>): Promise<T> {
  const it = { what };
  going.push(it);
  share();
  try {
    return await work();
  } finally {
    going.splice(going.indexOf(it), 1);
    share();
  }
}

/** Begun and not over, first begun first. */
export function nowDoing(): string[] {
  return going.map(({ what }) => what);
}

function share(): void {
  const length = Buffer.from(doingForThreads, LENGTH_BYTES).write(
    printable(nowDoing().join(', ')).replaceAll('\n', ' '),
  );
  Atomics.store(new Int32Array(doingForThreads, 0, 1), 0, length);
}
