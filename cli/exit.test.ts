import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstExit } from './exit.ts';

test('of several runs the worst counts: not undone, refused, failed, unknown', () => {
  assert.equal(worstExit([]), 0);
  assert.equal(worstExit([0, 2, 1]), 1);
  assert.equal(worstExit([1, 3]), 3);
  assert.equal(worstExit([3, 4, 1]), 4);
});

test('the code of another program is passed on, whatever it is', () => {
  assert.equal(worstExit([127]), 127);
  assert.equal(worstExit([0, 139]), 139);
});
