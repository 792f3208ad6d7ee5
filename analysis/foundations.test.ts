import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../run/recording.ts';
import type { VerdictKind } from './findings.ts';
import { expectationChecks, gateOf } from './foundations.ts';

const evidence = (met: boolean): RunEvent => ({
  at: 1,
  kind: 'evidence',
  of: 'fault',
  fault: 'pod-eviction',
  evidence: { text: 'seen', expectation: { what: 'eviction', wanted: 'blocked', observed: '2 granted', met } },
});

test('what a scenario expects of the platform is judged, met or not', () => {
  assert.deepEqual(expectationChecks([evidence(true), evidence(false)]), [
    { verdict: 'pass', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
    { verdict: 'fail', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
  ]);
});

test('evidence without expectations, and no evidence at all, are judged elsewhere', () => {
  const plain: RunEvent = { at: 1, kind: 'evidence', of: 'fault', fault: 'node-kill', evidence: { text: 'off' } };
  const none: RunEvent = { ...plain, evidence: null };
  assert.deepEqual(expectationChecks([plain, none]), []);
});

const run = (verdict: VerdictKind, fault: VerdictKind = 'pass') => ({
  verdict,
  checks: [
    { verdict: fault, what: 'fault confirmed', observed: '', wanted: '' },
    { verdict, what: 'vote: acknowledged writes lost', observed: '', wanted: '' },
  ],
});

test('only the expected verdict is green, and unknown never is', () => {
  const verdicts = (['pass', 'fail', 'unknown'] as const).map((verdict) => run(verdict));
  assert.deepEqual(
    verdicts.map((one) => [gateOf(one, 'pass'), gateOf(one, 'fail')]),
    [
      ['pass', 'fail'],
      ['fail', 'pass'],
      ['unknown', 'unknown'],
    ],
  );
});

test('a failure is the expected one only where the fault is proven', () => {
  assert.equal(gateOf(run('fail', 'unknown'), 'fail'), 'unknown');
  assert.equal(gateOf(run('fail', 'unknown'), 'pass'), 'fail');
});
