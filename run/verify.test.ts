import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsOf } from './verify.ts';

test('a stream is told its own writes, though the name of another begins like its name', () => {
  const prefixes = ['r-vote-', 'r-vote-1-', 'r-vote.reused-'];
  const found = ['r-vote-1', 'r-vote-12', 'r-vote-1-2', 'r-vote-1-12'];
  assert.deepEqual(idsOf('r-vote-', found, prefixes), ['r-vote-1', 'r-vote-12']);
  assert.deepEqual(idsOf('r-vote-1-', ['r-vote-1-2', 'r-vote-1-12'], prefixes), ['r-vote-1-2', 'r-vote-1-12']);
});
