/**
 * How Allure sorts what is not green. The first that fits counts: what proves nothing is never shown among what failed.
 * The patterns meet the first line of `failureMessage`.
 */
export interface Category {
  name: string;
  messageRegex: string;
}

const unknown = (check: string) => `(^|: )unknown: ([^\\n]*; )?${check}`;
const failed = (check: string) => `(^|: )failed: ([^\\n]*; )?${check}(;|\\s|$)`;
const ofStream = (objective: string) => failed(`[^;\\n]*: ${objective}`);

export const categories: Category[] = [
  { name: 'Unknown: fault not confirmed', messageRegex: unknown('fault confirmed') },
  { name: 'Unknown: the prober was not fit', messageRegex: unknown('prober fit') },
  { name: 'Unknown: steady state never seen', messageRegex: unknown('[^;\\n]*: steady state') },
  { name: 'Unknown: the run was cut short', messageRegex: unknown('run complete') },
  { name: 'Unknown: other', messageRegex: unknown('') },
  { name: 'Acknowledged writes lost', messageRegex: ofStream('acknowledged writes lost') },
  { name: 'A stop condition was met', messageRegex: failed('stop condition') },
  { name: 'Slow recovery', messageRegex: ofStream('recovery( after healing)?') },
  { name: 'Low availability', messageRegex: ofStream('availability') },
  { name: 'Long outage', messageRegex: ofStream('longest outage') },
  { name: 'Slow answers', messageRegex: ofStream('p95') },
  { name: 'A weakness that did not show', messageRegex: 'Expected to fail, but passed' },
];
