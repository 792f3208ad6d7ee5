import type { CheckKind, VerdictKind } from '../../analysis/findings.ts';
import { CHECK_LABEL, VERDICT_LABEL } from './names.ts';

/**
 * How Allure sorts what is not green. The first that fits counts: what proves nothing is never shown among what failed. A run's
 * verdict and what decided it are labels of its result.
 */
export interface Category {
  name: string;
  /** One of them is enough. Values are patterns. */
  matchers: { labels?: Record<string, string>; message?: string }[];
}

const unknown = (...checks: CheckKind[]) => decided('unknown', checks);
const failed = (...checks: CheckKind[]) => decided('fail', checks);

function decided(verdict: VerdictKind, checks: CheckKind[]): Category['matchers'] {
  return checks.map((check) => ({ labels: { [VERDICT_LABEL]: exactly(verdict), [CHECK_LABEL]: exactly(check) } }));
}

const exactly = (value: string) => `^${value}$`;

export const categories: Category[] = [
  { name: 'Unknown: fault not confirmed', matchers: unknown('fault-confirmed') },
  { name: 'Unknown: the prober was not fit', matchers: unknown('prober-fit') },
  { name: 'Unknown: steady state never seen', matchers: unknown('steady-state') },
  { name: 'Unknown: the run was cut short', matchers: unknown('run-complete') },
  { name: 'Unknown: other', matchers: [{ labels: { [VERDICT_LABEL]: exactly('unknown') } }] },
  { name: 'Acknowledged writes lost', matchers: failed('writes-lost') },
  { name: 'A stop condition was met', matchers: failed('stop-condition') },
  { name: 'Slow recovery', matchers: failed('recovery', 'recovery-after-healing') },
  { name: 'Low availability', matchers: failed('availability') },
  { name: 'Long outage', matchers: failed('longest-outage') },
  { name: 'Slow answers', matchers: failed('p95') },
  // Of Playwright's own words: a run that passed has no check that decided it.
  { name: 'A weakness that did not show', matchers: [{ message: 'Expected to fail, but passed' }] },
];
