import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadSecond } from './load.ts';
import { Seconds } from './seconds.ts';
import { sumOf, Totals } from './totals.ts';

function recorded(begins: number): { seconds: Seconds; told: LoadSecond[] } {
  const told: LoadSecond[] = [];
  return { seconds: new Seconds(begins, (second) => told.push(second)), told };
}

test('a request belongs to the second in which it was due, and a second is told once all of it is decided', () => {
  const { seconds, told } = recorded(1500);
  seconds.offered(1600, 1);
  seconds.offered(1999, 2);
  seconds.offered(2000, 0.5);
  seconds.ok(2000, 3);
  seconds.ok(1600, 10);
  seconds.take(5000);
  assert.deepEqual(told, [], 'one of the first second is under way');
  seconds.failed(1999, 'timeout');
  seconds.take(2999);
  assert.equal(told.length, 1, 'the other one is not over');
  seconds.take(3000);
  assert.deepEqual(
    told.map(({ at, offered, ok, failed, errors, p50, max, lateness }) => ({
      at,
      offered,
      ok,
      failed,
      errors,
      p50,
      max,
      lateness,
    })),
    [
      { at: 1000, offered: 2, ok: 1, failed: 1, errors: { timeout: 1 }, p50: 10, max: 10, lateness: 2 },
      { at: 2000, offered: 1, ok: 1, failed: 0, errors: {}, p50: 3, max: 3, lateness: 0.5 },
    ],
  );
});

test('a second without requests is told too, and the last one at the end', () => {
  const { seconds, told } = recorded(0);
  seconds.offered(2100);
  seconds.dropped(2100, 'late');
  seconds.end(2200);
  assert.deepEqual(
    told.map(({ at, offered, sent, dropped, drops }) => [at, offered, sent, dropped, drops]),
    [
      [0, 0, 0, 0, undefined],
      [1000, 0, 0, 0, undefined],
      [2000, 1, 0, 1, { late: 1 }],
    ],
  );
});

test('percentiles are those of the good answers: the smallest time that so many of them kept', () => {
  const { seconds, told } = recorded(0);
  for (let ms = 100; ms >= 1; ms--) {
    seconds.offered(5);
    seconds.ok(5, ms);
  }
  seconds.offered(5);
  seconds.failed(5, 'timeout');
  seconds.end(500);
  const { p50, p95, p99, max } = told[0]!;
  assert.deepEqual({ p50, p95, p99, max }, { p50: 50, p95: 95, p99: 99, max: 100 });
});

test('the totals of a load are within a thousandth of those of all its requests', () => {
  const totals = new Totals();
  for (let ms = 1; ms <= 10_000; ms++) {
    totals.offered();
    totals.ok(ms / 10);
  }
  const { p50, p95, p99, max, ok, sent } = totals.told();
  assert.deepEqual([ok, sent], [10_000, 10_000]);
  for (const [value, truth] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
    [max, 1000],
  ] as const) {
    assert.ok(Math.abs(value / truth - 1) < 0.002, `${value} for ${truth}`);
  }
});

test('without a good answer there is no time', () => {
  const totals = new Totals();
  totals.offered();
  totals.failed('refused');
  const { p50, p95, p99, max, failed, errors } = totals.told();
  assert.deepEqual(
    { p50, p95, p99, max, failed, errors },
    { p50: 0, p95: 0, p99: 0, max: 0, failed: 1, errors: { refused: 1 } },
  );
});

test('what is left of a broken load are the sums of its seconds', () => {
  const { seconds, told } = recorded(0);
  for (const at of [100, 1100]) {
    seconds.offered(at);
    seconds.failed(at, 'reset');
    seconds.offered(at);
    seconds.dropped(at, 'EMFILE');
    seconds.offered(at);
    seconds.ok(at, 7);
  }
  seconds.end(1500);
  const { p50: _, p95: __, p99: ___, ...sums } = sumOf(told);
  assert.deepEqual(sums, {
    offered: 6,
    sent: 4,
    ok: 2,
    failed: 2,
    dropped: 2,
    max: 7,
    errors: { reset: 2 },
    drops: { EMFILE: 2 },
  });
});
