import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from './outcome.ts';

const end = (code: number | undefined, more: { said?: string; isStopped?: boolean } = {}) =>
  outcomeOf({ code, said: '', isStopped: false, ...more });

test('thresholds are a finding, a stop that was asked for is one, and all else is a failure with its last words', () => {
  assert.equal(end(0), 'done');
  assert.equal(end(99), 'thresholds');
  assert.equal(end(99, { isStopped: true }), 'thresholds');
  assert.equal(end(105, { isStopped: true }), 'stopped');
  assert.equal(end(undefined, { isStopped: true }), 'stopped');
  assert.deepEqual(end(107, { said: 'ReferenceError: x' }), {
    failed: 'k6 ended with code 107: the script threw an error before its first request\nReferenceError: x',
  });
  assert.deepEqual(end(105), { failed: 'k6 ended with code 105: somebody else ended it' });
  assert.deepEqual(end(3), { failed: 'k6 ended with code 3' });
  assert.deepEqual(end(undefined), { failed: 'k6 was killed' });
  assert.deepEqual(end(107, { isStopped: true }), {
    failed: 'k6 ended with code 107: the script threw an error before its first request',
  });
});
