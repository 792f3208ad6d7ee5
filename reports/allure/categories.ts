import type { CheckKind, VerdictKind } from '../../analysis/findings.ts';
import { AS_EXPECTED, CHECK_LABEL, VERDICT_LABEL } from './names.ts';

/**
 * The categories of results that are not green in Allure. The first match counts, so that unknown runs are never listed as failed.
 * The verdict of a run and the checks that decided it are labels of its result.
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
  // What its results are given when they are completed.
  { name: 'A weakness that showed', matchers: [{ message: `^${AS_EXPECTED}` }] },
  { name: 'Unknown: a part of the recording cannot be read', matchers: unknown('recording-whole') },
  { name: 'Unknown: fault not confirmed', matchers: unknown('fault-confirmed') },
  { name: 'Unknown: the prober was not fit', matchers: unknown('prober-fit') },
  { name: 'Unknown: steady state never seen', matchers: unknown('steady-state') },
  { name: 'Unknown: the load was not sent as asked', matchers: unknown('load-sent') },
  { name: 'Unknown: the run was cut short', matchers: unknown('run-complete') },
  { name: 'Unknown: other', matchers: [{ labels: { [VERDICT_LABEL]: exactly('unknown') } }] },
  { name: 'Acknowledged writes lost', matchers: failed('writes-lost') },
  { name: 'A stop condition was met', matchers: failed('stop-condition') },
  { name: 'Slow recovery', matchers: failed('recovery', 'recovery-after-healing') },
  { name: 'Low availability', matchers: failed('availability') },
  { name: 'Long outage', matchers: failed('longest-outage') },
  { name: 'Slow answers', matchers: failed('p95') },
  { name: 'Thresholds of the load', matchers: failed('load-threshold') },
  // Matches Playwright's message: a run that passed has no deciding check.
  { name: 'A weakness that did not show', matchers: [{ message: 'Expected to fail, but passed' }] },
];
