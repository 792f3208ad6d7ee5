import type { LoadOutcome } from '../load.ts';

/** How k6 ended: its code, or undefined when a signal ended it; and what it said last. */
export interface End {
  code: number | undefined;
  said: string;
  /** It was asked to end. */
  isStopped: boolean;
}

/** Codes of k6 that have a meaning of their own; every other is a failure. */
const THRESHOLDS_FAILED = 99;
const ENDED_BY_SIGNAL = 105;

const MEANINGS: Record<number, string> = {
  [ENDED_BY_SIGNAL]: 'somebody else ended it',
  107: 'the script threw an error before its first request',
  108: 'the script ended it',
  255: 'it did not begin',
};

/** What the end of k6 says of the load. */
export function outcomeOf({ code, said, isStopped }: End): LoadOutcome {
  if (code === 0) return isStopped ? 'stopped' : 'done';
  if (code === THRESHOLDS_FAILED) return 'thresholds';
  if (isStopped && (code === ENDED_BY_SIGNAL || code === undefined)) return 'stopped';
  const how = code === undefined ? 'k6 was killed' : `k6 ended with code ${code}`;
  const meaning = code === undefined ? undefined : MEANINGS[code];
  const why = meaning === undefined ? how : `${how}: ${meaning}`;
  return { failed: said === '' ? why : `${why}\n${said}` };
}
