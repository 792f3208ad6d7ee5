import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../run/recording.ts';
import { expectationChecks } from './foundations.ts';

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
