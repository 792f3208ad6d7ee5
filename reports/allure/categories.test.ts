import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Check, VerdictKind } from '../../analysis/findings.ts';
import { findingsByHand } from '../../tests/findings-by-hand.ts';
import { failureMessage } from '../allure.ts';
import { categories } from './categories.ts';

/** The category of a run with these checks, as Allure finds it: the first that fits the error's message. */
function categoryOf(verdict: VerdictKind, checks: [VerdictKind, string][]): string | undefined {
  const findings = {
    ...findingsByHand(),
    verdict,
    checks: checks.map(
      ([verdict, what]): Check => ({ verdict, what, observed: 'lost; recovery: failed', wanted: 'p95' }),
    ),
  };
  const message = `Error: ${failureMessage(findings)}`;
  return categories.find(({ messageRegex }) => new RegExp(messageRegex).test(message))?.name;
}

it('what proves nothing is told apart by its reason', () => {
  assert.equal(categoryOf('unknown', [['unknown', 'vote: steady state']]), 'Unknown: steady state never seen');
  assert.equal(categoryOf('unknown', [['unknown', 'fault confirmed']]), 'Unknown: fault not confirmed');
  assert.equal(
    categoryOf('unknown', [
      ['unknown', 'vote: recovery'],
      ['unknown', 'prober fit'],
    ]),
    'Unknown: the prober was not fit',
  );
  assert.equal(categoryOf('unknown', [['unknown', 'vote: recovery']]), 'Unknown: other');
  assert.equal(categoryOf('unknown', []), 'Unknown: other');
});

it('what failed is sorted by the worst that happened, and never counts as unknown', () => {
  const lost = ['fail', 'vote: acknowledged writes lost'] as [VerdictKind, string];
  const slow = ['fail', 'result: recovery'] as [VerdictKind, string];
  assert.equal(categoryOf('fail', [slow, lost, ['unknown', 'fault confirmed']]), 'Acknowledged writes lost');
  assert.equal(categoryOf('fail', [slow, ['unknown', 'prober fit']]), 'Slow recovery');
  assert.equal(categoryOf('fail', [['fail', 'result: recovery after healing']]), 'Slow recovery');
  assert.equal(categoryOf('fail', [['fail', 'vote.reused: availability']]), 'Low availability');
  assert.equal(categoryOf('fail', [['fail', 'vote: longest outage']]), 'Long outage');
  assert.equal(categoryOf('fail', [['fail', 'vote: p95']]), 'Slow answers');
  assert.equal(categoryOf('fail', [['fail', 'stop condition']]), 'A stop condition was met');
});
