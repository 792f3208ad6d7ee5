/** The word among `words` that was most likely meant by `word`: for 'did you mean'. Undefined when none is near. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  const wanted = plain(word);
  // One typo in a short word, one in three letters of a long one: anything further off would be a guess, not a correction.
  let limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | undefined;
  for (const candidate of words) {
    const distance = editDistance(wanted, plain(candidate), limit);
    if (distance > limit) continue;
    if (distance === 0) return candidate;
    best = candidate;
    limit = distance - 1;
  }
  return best;
}

/** No two of our words differ only in case or in the kind of dash. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_\s]/g, '-');
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words; any number > `limit` when more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
