import { stableWindow } from '../../scenarios/scenario.ts';
import { type FailureRun, HEADLINE } from './outages.ts';
import { failed, indexAt, type Series } from './series.ts';
import { GOOD } from './stability.ts';

/**
 * Index of the first failure after `index` with which a service that was stable is so no more: of three in a row, or of so many within a
 * window W that less than 99.9 % of it can be ok, and at least three. Undefined if there is none.
 *
 * @param runs of three failures in a row and more
 * @param span ms since the recording's origin: failures that were seen before `from`, or from `until` on, have another cause; what was due at `end` or
 * later is not judged
 */
export function relapseAfter(
  series: Series,
  runs: FailureRun[],
  index: number,
  { from = -Infinity, until = Infinity, end }: { from?: number; until?: number; end: number },
): number | undefined {
  const row = runs.find(({ first }) => first > index);
  // Of a row, what was still on its way when it began was lost to what began then.
  const isOwn = row !== undefined && series.done[row.first]! < until;
  const last = isOwn ? row.first : indexAt(series, end);
  return firstOfMany(series, index + 1, last, { from, until }) ?? (isOwn ? row.first : undefined);
}

/** The first of as many failures within one window, among those with index in [begin, end), as no stable window has. */
function firstOfMany(
  series: Series,
  begin: number,
  end: number,
  { from, until }: { from: number; until: number },
): number | undefined {
  const window = stableWindow(series);
  const many = Math.max(HEADLINE, Math.floor((1 - GOOD) * (window / series.every)) + 1);
  const recent: number[] = [];
  for (let i = begin; i < end; i++) {
    const done = series.done[i]!;
    if (!failed(series.state[i]!) || done < from || done >= until) continue;
    recent.push(i);
    if (recent.length > many) recent.shift();
    if (recent.length === many && series.due[i]! - series.due[recent[0]!]! < window) return recent[0];
  }
  return undefined;
}
