import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Meaning } from '../platforms/meaning.ts';
import type { RunEvent } from '../recording/recording.ts';
import { nodeKillRecording } from '../tests/made-up/synthetic.ts';
import type { Check, CheckKind, VerdictKind } from './findings.ts';
import { judge } from './judge.ts';
import { claimChecks, gateOf } from './validity.ts';
import { mergeVerdicts } from './verdict.ts';

const evidence = (met: boolean): RunEvent => ({
  at: 1,
  kind: 'evidence',
  of: 'fault',
  fault: 'pod-eviction',
  evidence: { text: 'seen', claim: { what: 'eviction', wanted: 'blocked', observed: '2 granted', met } },
});

test('what a scenario expects of the platform is judged, met or not', () => {
  const about = { kind: 'platform-claim', fault: 'pod-eviction' };
  assert.deepEqual(claimChecks([evidence(true), evidence(false)], []), [
    { ...about, verdict: 'pass', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
    { ...about, verdict: 'fail', what: 'pod-eviction: eviction', observed: '2 granted', wanted: 'blocked' },
  ]);
});

test('evidence without expectations, and no evidence at all, are judged elsewhere', () => {
  const plain: RunEvent = { at: 1, kind: 'evidence', of: 'fault', fault: 'node-kill', evidence: { text: 'off' } };
  const none: RunEvent = { ...plain, evidence: null };
  assert.deepEqual(claimChecks([plain, none], []), []);
});

test('what a scenario expects of the platform and nobody saw is unknown', () => {
  const meaning: Meaning = { kind: 'nothing', claim: 'rolled-back' };
  const [check] = claimChecks([], [{ fault: 'rollout', meaning }]);
  assert.deepEqual([check?.verdict, check?.what, check?.wanted], ['unknown', 'rollout: expectation', 'rolled-back']);
  assert.equal(claimChecks([evidence(true)], [{ fault: 'pod-eviction', meaning }]).length, 1);
});

const check = (kind: CheckKind, verdict: VerdictKind): Check => ({ kind, verdict, what: '', observed: '', wanted: '' });
const run = (verdict: VerdictKind, fault: VerdictKind = 'pass', claim?: VerdictKind) => ({
  verdict: mergeVerdicts([verdict, claim ?? 'pass']),
  checks: [
    check('fault-confirmed', fault),
    check('writes-lost', verdict),
    ...(claim ? [check('platform-claim', claim)] : []),
  ],
});
const scenario = (expect: 'pass' | 'fail') => ({ expect });

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
  const rolledBack = scenario('fail');
  assert.equal(gateOf(run('pass', 'pass', 'fail'), rolledBack), 'pass');
  assert.equal(gateOf(run('fail', 'pass', 'fail'), rolledBack), 'fail');
  assert.equal(gateOf(run('unknown', 'pass', 'fail'), rolledBack), 'unknown');
  assert.equal(gateOf(run('pass', 'pass', 'pass'), rolledBack), 'fail');
});

test('what could not be read may have been what would change the verdict: everything is unknown', () => {
  const whole = judge(nodeKillRecording());
  assert.equal(whole.verdict, 'fail');
  const damaged = judge({ ...nodeKillRecording(), damages: ['events.jsonl:7: not JSON', 'a', 'b', 'c'] });
  assert.equal(damaged.verdict, 'unknown');
  const check = damaged.checks.find(({ kind }) => kind === 'recording-whole');
  assert.equal(check?.observed, 'events.jsonl:7: not JSON; a; b; and 1 more');
  assert.deepEqual(
    new Set(damaged.checks.filter(({ kind }) => kind.startsWith('writes')).map(({ verdict }) => verdict)),
    new Set(['unknown']),
  );
});
