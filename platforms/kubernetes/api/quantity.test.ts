import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantityOf } from './quantity.ts';

test('quantities in every notation that the API answers with', () => {
  assert.equal(quantityOf('1'), 1);
  assert.equal(quantityOf('250m'), 0.25);
  assert.equal(quantityOf('1.5'), 1.5);
  assert.equal(quantityOf('1564Mi'), 1564 * 2 ** 20);
  assert.equal(quantityOf('2k'), 2000);
  assert.equal(quantityOf('3789707668'), 3_789_707_668);
  assert.equal(quantityOf('1e3'), 1000);
});

test('what is none is refused', () => {
  for (const text of ['', 'Mi', '1Xi', '-1', '1 Gi']) assert.throws(() => quantityOf(text), /no quantity/);
});
