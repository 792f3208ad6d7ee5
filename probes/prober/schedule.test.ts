import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schedule, STEP, streamSeed } from './schedule.ts';

function dues(every: number, seed: number, count: number): number[] {
  const schedule = new Schedule(every, seed);
  return Array.from({ length: count }, (_, i) => {
    assert.equal(schedule.seq, i);
    const { due } = schedule;
    schedule.advance();
    return due;
  });
}

const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const every = fc.double({ min: 1, max: 60_000, noNaN: true });

test('every probe is due in its own slot, and close to its neighbours', () => {
  fc.assert(
    fc.property(every, seed, (every, seed) => {
      const list = dues(every, seed, 300);
      for (const [i, due] of list.entries()) {
        assert.ok(due >= i * every && due < (i + 1) * every);
        if (i === 0) continue;
        const gap = due - list[i - 1]!;
        assert.ok(Math.abs(gap - every) <= (STEP + 1e-9) * every, `${gap} after ${every}`);
      }
    }),
  );
});

test('the same seed gives the same schedule', () => {
  fc.assert(fc.property(every, seed, (every, seed) => assert.deepEqual(dues(every, seed, 50), dues(every, seed, 50))));
});

test('each stream has its own seed', () => {
  const seeds = new Set(['vote', 'vote.reused', 'result', 'result.reused'].map((name) => streamSeed(7, name)));
  assert.equal(seeds.size, 4);
  assert.notEqual(streamSeed(7, 'vote'), streamSeed(8, 'vote'));
});

test('two streams behind a round robin over two replicas both see both of them', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      const count = 1000;
      const requests = ['new', 'reused'].flatMap((stream) =>
        dues(20, streamSeed(seed, stream), count).map((due) => ({ stream, due })),
      );
      requests.sort((a, b) => a.due - b.due);
      let first = 0;
      for (const [i, { stream }] of requests.entries()) if (stream === 'new' && i % 2 === 0) first++;
      assert.ok(first > 0.2 * count && first < 0.8 * count, `${first} of ${count} on one replica`);
    }),
    { numRuns: 200 },
  );
});
