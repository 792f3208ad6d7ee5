import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitOf, worstExit } from './exit.ts';

test('only the expected verdict is green, and unknown never is', () => {
  assert.deepEqual(
    (['pass', 'fail', 'unknown'] as const).map((verdict) => [exitOf(verdict, 'pass'), exitOf(verdict, 'fail')]),
    [
      [0, 1],
      [1, 0],
      [2, 2],
    ],
  );
});

test('of several runs the worst counts: not undone, refused, failed, unknown', () => {
  assert.equal(worstExit([]), 0);
  assert.equal(worstExit([0, 2, 1]), 1);
  assert.equal(worstExit([1, 3]), 3);
  assert.equal(worstExit([3, 4, 1]), 4);
});
