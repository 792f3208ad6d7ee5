/** What this process is in the middle of, in words: whoever sees it end before its time can say so. */
const going: { what: string }[] = [];

/** @param what 'loading faults/mine.ts', 'undoing power.off w1' */
export async function doing<T>(what: string, work: () => Promise<T>): Promise<T> {
  const it = { what };
  going.push(it);
  try {
    return await work();
  } finally {
    going.splice(going.indexOf(it), 1);
  }
}

/** Begun and not over, first begun first. */
export function nowDoing(): string[] {
  return going.map(({ what }) => what);
}
