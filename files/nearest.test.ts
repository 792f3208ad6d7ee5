import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearest } from './nearest.ts';

const words = ['title', 'workload', 'variant', 'faults', 'probes', 'expect', 'breaks-quorum', 'seed'];

test('finds the word that was meant', () => {
  const meant = {
    worklod: 'workload',
    wrokload: 'workload',
    Title: 'title',
    breaks_quorum: 'breaks-quorum',
    sed: 'seed',
  };
  for (const [typed, word] of Object.entries(meant)) {
    assert.equal(nearest(typed, words), word, typed);
  }
});

test('says nothing when no word is near', () => {
  for (const typed of ['', 'x', 'dashboard', 'ti', 'hold']) assert.equal(nearest(typed, words), undefined, typed);
});

test('one slip in a word of six letters or more is found', () => {
  const long = words.filter((word) => word.length >= 6);
  const slip = fc.record({ word: fc.constantFrom(...long), at: fc.nat(), letter: fc.constantFrom(...'abcxyz') });
  fc.assert(
    fc.property(slip, ({ word, at, letter }) => {
      const place = at % word.length;
      assert.equal(nearest(word.slice(0, place) + word.slice(place + 1), words), word);
      assert.equal(nearest(word.slice(0, place) + letter + word.slice(place), words), word);
    }),
  );
});
