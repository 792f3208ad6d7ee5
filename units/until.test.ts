import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from './operator-error.ts';
import { poll, until } from './until.ts';

test('it is looked again until it is so', async () => {
  let looks = 0;
  await until('the third look', () => ++looks === 3, { timeout: 10_000, every: 1 });
  assert.equal(looks, 3);
});

test('what was waited for is said when the time is over, and there was one look at least', async () => {
  let looks = 0;
  const never = until('the moon is blue', () => ++looks < 0, { timeout: 0, every: 1 });
  await assert.rejects(never, (error) => error instanceof OperatorError && /0 s: the moon is blue/.test(error.message));
  assert.ok(looks >= 1);
});

test('a signal ends the wait at once, with its reason', async () => {
  const stop = new AbortController();
  const waiting = until('never', () => false, { timeout: 60_000, every: 60_000, signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('a look that fails ends the wait', async () => {
  const broken = () => Promise.reject(new Error('broken'));
  await assert.rejects(until('never', broken, { timeout: 60_000 }), /broken/);
});

test('who polls gets what was seen last, wanted or not', async () => {
  let seen = 0;
  assert.equal(
    await poll(
      () => ++seen,
      (n) => n === 3,
      { timeout: 10_000, every: 1 },
    ),
    3,
  );
  assert.equal(
    await poll(
      () => 'left',
      (left) => left === '',
      { timeout: 5, every: 1 },
    ),
    'left',
  );
});
