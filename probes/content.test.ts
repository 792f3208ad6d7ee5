import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { contentOf, stateOf } from './content.ts';

const found = (bytes: Buffer) => ({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });

test('the content of a name is always the same, and of no other name', () => {
  assert.deepEqual(contentOf('run-put-1', 4096), contentOf('run-put-1', 4096));
  assert.notDeepEqual(contentOf('run-put-1', 4096), contentOf('run-put-2', 4096));
  assert.equal(contentOf('run-put-1', 4096).length, 4096);
});

test('a file is whole, truncated or altered', () => {
  const content = contentOf('run-put-1', 4096);
  const state = (bytes: Buffer) => stateOf('run-put-1', 4096, found(bytes));
  assert.equal(state(content), 'whole');
  for (const length of [0, 1, 4095]) assert.equal(state(content.subarray(0, length)), 'truncated');
  assert.equal(state(contentOf('run-put-2', 4096)), 'altered');
  assert.equal(state(Buffer.alloc(4096)), 'altered', 'zeros of a file system that knew its length only');
  assert.equal(state(Buffer.concat([content, Buffer.from('x')])), 'altered');
});
