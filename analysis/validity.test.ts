import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../recording/recording.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { VerdictKind } from './findings.ts';
import { expectationChecks, gateOf } from './validity.ts';
import { mergeVerdicts } from './verdict.ts';

const evidence = (met: boolean): RunEvent => ({
  at: 1,
  kind: 'evidence',
  of: 'fault',
  fault: 'pod-eviction',
  evidence: { text: 'seen', expectation: { what: 'eviction', wanted: 'blocked', observed: '2 granted', met } },
});

test('what a scenario expects of the platform is judged, met or not', () => {
  assert.deepEqual(expectationChecks([evidence(true), evidence(false)], { faults: [] }), [
    { verdict: 'pass', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
    { verdict: 'fail', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
  ]);
});

test('evidence without expectations, and no evidence at all, are judged elsewhere', () => {
  const plain: RunEvent = { at: 1, kind: 'evidence', of: 'fault', fault: 'node-kill', evidence: { text: 'off' } };
  const none: RunEvent = { ...plain, evidence: null };
  assert.deepEqual(expectationChecks([plain, none], { faults: [] }), []);
});

test('what a scenario expects of the platform and nobody saw is unknown', () => {
  const faults = [{ fault: 'rollout', options: { expect: 'rolled-back' } }];
  const [check] = expectationChecks([], { faults });
  assert.deepEqual([check?.verdict, check?.what, check?.wanted], ['unknown', 'rollout: expectation', 'rolled-back']);
  assert.equal(
    expectationChecks([evidence(true)], { faults: [{ fault: 'pod-eviction', options: faults[0]!.options }] }).length,
    1,
  );
});

const run = (verdict: VerdictKind, fault: VerdictKind = 'pass', claim: VerdictKind = 'pass') => ({
  verdict: mergeVerdicts([verdict, claim]),
  checks: [
    { verdict: fault, what: 'fault confirmed', observed: '', wanted: '' },
    { verdict, what: 'vote: acknowledged writes lost', observed: '', wanted: '' },
    { verdict: claim, what: 'rollout: roll-back', observed: '', wanted: '' },
  ],
});
const scenario = (expect: 'pass' | 'fail', faults: Scenario['faults'] = []) => ({ expect, faults });

test('only the expected verdict is green, and unknown never is', () => {
  const verdicts = (['pass', 'fail', 'unknown'] as const).map((verdict) => run(verdict));
  assert.deepEqual(
    verdicts.map((one) => [gateOf(one, scenario('pass')), gateOf(one, scenario('fail'))]),
    [
      ['pass', 'fail'],
      ['fail', 'pass'],
      ['unknown', 'unknown'],
    ],
  );
});

test('a failure is the expected one only where the fault is proven', () => {
  assert.equal(gateOf(run('fail', 'unknown'), scenario('fail')), 'unknown');
  assert.equal(gateOf(run('fail', 'unknown'), scenario('pass')), 'fail');
});

test('where the platform is expected to do something, that is what must fail, and the rest must hold', () => {
  const rolledBack = scenario('fail', [{ fault: 'rollout', options: { expect: 'rolled-back' } }]);
  assert.equal(gateOf(run('pass', 'pass', 'fail'), rolledBack), 'pass');
  assert.equal(gateOf(run('fail', 'pass', 'fail'), rolledBack), 'fail');
  assert.equal(gateOf(run('unknown', 'pass', 'fail'), rolledBack), 'unknown');
  assert.equal(gateOf(run('pass', 'pass', 'pass'), rolledBack), 'fail');
});
