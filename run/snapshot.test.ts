import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Platform } from '../platforms/platform.ts';
import { differences, settledDifferences } from './snapshot.ts';

test('equal snapshots have no differences, whatever their order', () => {
  assert.deepEqual(differences({ a: '1', b: '2' }, { b: '2', a: '1' }), []);
});

test('what is new, gone or changed is named with both states', () => {
  assert.deepEqual(
    differences({ 'node w1': 'active', 'volume v': 'there' }, { 'node w1': 'drain', 'service x': '2 replicas' }),
    ['changed: node w1 is drain, was active', 'left behind: service x (2 replicas)', 'gone: volume v (was there)'],
  );
});

test('of a cluster that does not answer at the end it is not known what is left', async () => {
  const silent = { snapshot: () => Promise.reject(new Error('no answer within 15 s')) } as unknown as Platform;
  await assert.rejects(settledDifferences(silent, {}, 0), /could not be compared.*no answer within 15 s/);
});
