import assert from 'node:assert/strict';
import { test } from 'node:test';
import { few } from './words.ts';

test('a long list is cut short, and says by how much', () => {
  const words = Array.from({ length: 2010 }, (_, index) => `n${index}`);
  assert.equal(few(['a', 'b']), 'a, b');
  assert.equal(few(words, { most: 2 }), 'n0, n1, … and 2 008 more');
  assert.equal(few(words, { most: 1, joint: ' or ' }), 'n0 or … and 2 009 more');
  assert.equal(few([]), '');
});
