import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Check, CheckKind, VerdictKind } from '../../analysis/findings.ts';
import { findingsByHand } from '../../tests/made-up/findings.ts';
import { labelsOfVerdict } from '../allure.ts';
import { categories } from './categories.ts';

/** The category of a run with these checks, as Allure finds it: the first that fits the labels of its result. */
function categoryOf(verdict: VerdictKind, checks: [VerdictKind, CheckKind][]): string | undefined {
  const findings = {
    ...findingsByHand(),
    verdict,
    checks: checks.map(
      ([verdict, kind]): Check => ({ kind, verdict, what: 'p95', observed: 'lost; recovery: failed', wanted: 'p95' }),
    ),
  };
  const labels = labelsOfVerdict(findings);
  const fits = (wanted: Record<string, string> = {}) =>
    Object.entries(wanted).every(([name, pattern]) =>
      labels.some((label) => label.name === name && new RegExp(pattern).test(label.value)),
    );
  return categories.find(({ matchers }) => matchers.some((one) => one.message === undefined && fits(one.labels)))?.name;
}

it('unknown runs have a category by reason', () => {
  assert.equal(categoryOf('unknown', [['unknown', 'steady-state']]), 'Unknown: steady state never seen');
  assert.equal(categoryOf('unknown', [['unknown', 'fault-confirmed']]), 'Unknown: fault not confirmed');
  assert.equal(
    categoryOf('unknown', [
      ['unknown', 'recovery'],
      ['unknown', 'prober-fit'],
    ]),
    'Unknown: the prober was not fit',
  );
  assert.equal(categoryOf('unknown', [['unknown', 'recovery']]), 'Unknown: other');
  assert.equal(categoryOf('unknown', []), 'Unknown: other');
});

it('what failed is sorted by the worst that happened, and never counts as unknown', () => {
  const lost = ['fail', 'writes-lost'] as [VerdictKind, CheckKind];
  const slow = ['fail', 'recovery'] as [VerdictKind, CheckKind];
  assert.equal(categoryOf('fail', [slow, lost, ['unknown', 'fault-confirmed']]), 'Acknowledged writes lost');
  assert.equal(categoryOf('fail', [slow, ['unknown', 'prober-fit']]), 'Slow recovery');
  assert.equal(categoryOf('fail', [['fail', 'recovery-after-healing']]), 'Slow recovery');
  assert.equal(categoryOf('fail', [['fail', 'availability']]), 'Low availability');
  assert.equal(categoryOf('fail', [['fail', 'longest-outage']]), 'Long outage');
  assert.equal(categoryOf('fail', [['fail', 'p95']]), 'Slow answers');
  assert.equal(categoryOf('fail', [['fail', 'stop-condition']]), 'A stop condition was met');
});
