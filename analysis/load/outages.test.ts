import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LoadSecond } from '../../recording/recording.ts';
import { loadOutages } from './outages.ts';

interface Trouble {
  from: number;
  to: number;
}

const TIMEOUT = 900;

/** What a load at this rate sees of a service that answers after `takes` ms, but for an outage; aggregated as an engine does it. */
function seconds(rate: number, phase: number, takes: number, length: number, trouble?: Trouble): LoadSecond[] {
  const all: LoadSecond[] = [];
  for (let due = phase; due < length; due += 1000 / rate) {
    const at = Math.floor(due / 1000) * 1000;
    if (all.at(-1)?.at !== at)
      all.push({ at, offered: 0, sent: 0, ok: 0, failed: 0, dropped: 0, p50: 0, p95: 0, p99: 0, max: 0, errors: {} });
    const second = all.at(-1)!;
    second.offered++;
    second.sent++;
    if (trouble && due >= trouble.from && due < trouble.to) second.failed++;
    else {
      second.ok++;
      second.max = takes;
    }
  }
  return all;
}

test('an outage lies within the brackets that a load gives it', () => {
  const times = fc.record({
    rate: fc.integer({ min: 2, max: 50 }),
    phase: fc.double({ min: 0, max: 999, noNaN: true }),
    takes: fc.integer({ min: 1, max: TIMEOUT }),
    from: fc.double({ min: 3000, max: 9000, noNaN: true }),
    length: fc.double({ min: 100, max: 15_000, noNaN: true }),
  });
  fc.assert(
    fc.property(times, ({ rate, phase, takes, from, length }) => {
      const to = from + length;
      const found = loadOutages(seconds(rate, phase, takes, 40_000, { from, to }), true);
      if (length > 3000) assert.equal(found.length, 1);
      for (const { start, end, inner, outer, open } of found) {
        assert.equal(open, false);
        assert.ok(start.from <= from && from <= start.to, `${from} began in ${JSON.stringify(start)}`);
        assert.ok(end.from <= to && to <= end.to, `${to} ended in ${JSON.stringify(end)}`);
        assert.ok(inner <= length && length <= outer, `${length} in ${inner} to ${outer}`);
      }
    }),
  );
});

test('a service that is never there, one that does not come back, and one that is always there', () => {
  const never = loadOutages(seconds(10, 0, 5, 10_000, { from: 0, to: 20_000 }), true);
  assert.deepEqual(
    never.map(({ start, open }) => [start.from, open]),
    [[0, true]],
  );
  const [gone] = loadOutages(seconds(10, 0, 5, 10_000, { from: 4500, to: 20_000 }), true);
  assert.deepEqual([gone?.start.from, gone?.end.to, gone?.open], [4000, 10_000, true]);
  assert.deepEqual(loadOutages(seconds(10, 0, 5, 10_000), true), []);
});

test('seconds in which nothing fell due are no outage, and do not end one', () => {
  const some = seconds(10, 0, 5, 12_000, { from: 4000, to: 8000 });
  const none = (second: LoadSecond) => ({ ...second, offered: 0, sent: 0, ok: 0, failed: 0 });
  assert.deepEqual(
    loadOutages(
      some.map((second) => (second.at === 2000 ? none(second) : second)),
      true,
    ).length,
    1,
  );
  assert.deepEqual(
    loadOutages(
      some.map((second) => (second.at === 6000 ? none(second) : second)),
      true,
    ).length,
    1,
  );
  assert.deepEqual(loadOutages(some.map(none), true), []);
});

test('a second in which the engine dropped all by itself is no outage', () => {
  const some = seconds(10, 0, 5, 12_000);
  const dropped = some.map((second) => (second.at === 4000 ? { ...second, sent: 0, ok: 0, dropped: 10 } : second));
  assert.deepEqual(loadOutages(dropped, true), []);
});

test('where the engine dropped requests, the last one that was sent may be long before the end of its second', () => {
  // It sends no more once too many are unanswered; the service is back 0.3 s later.
  const some = seconds(10, 0, 5, 20_000, { from: 4000, to: 8700 });
  const full = some.map((second) =>
    second.at === 8000 ? { ...second, sent: 4, ok: 0, failed: 4, dropped: 6, max: 0 } : second,
  );
  const [outage] = loadOutages(full, true);
  assert.ok(outage!.end.from <= 8700 && outage!.end.to >= 8700, JSON.stringify(outage!.end));
});

test('a load that ends in the middle of a second, or begins there, has not seen the rest of it', () => {
  const [toEnd] = loadOutages(seconds(30, 0, 5, 10_300, { from: 9000, to: 20_000 }), true);
  assert.ok(toEnd!.end.from <= 10_300, `seen until ${toEnd!.end.from}`);
  const [fromBegin] = loadOutages(seconds(30, 700, 5, 10_000, { from: 0, to: 3000 }), true);
  assert.ok(fromBegin!.start.to >= 700, `seen from ${fromBegin!.start.to} on`);
});

test('requests that come in bursts: it may have ended before the next one', () => {
  // Ten connections that ask at once, and each hangs for 0.9 s.
  const bursts = seconds(10, 0, 5, 20_000, { from: 4100, to: 8300 });
  const [outage] = loadOutages(bursts, false);
  assert.ok(outage!.end.from <= 7000 && outage!.end.to >= 8300, JSON.stringify(outage!.end));
});

test('what a load did not ask is no certain part of an outage', () => {
  const whole = seconds(100, 0, 5, 70_000, { from: 3000, to: 66_000 });
  const rested = whole.filter(({ at }) => at <= 3000 || at >= 65_000);
  assert.deepEqual(
    loadOutages(rested, true).map(({ inner }) => inner),
    [0],
  );
  // It goes on in the middle of a second.
  const halved = seconds(100, 0, 5, 10_000, { from: 5500, to: 6000 }).flatMap((second) => {
    if (second.at === 4000) return [];
    return second.at === 5000 ? [{ ...second, offered: 50, sent: 50, ok: 0, failed: 50 }] : [second];
  });
  const [outage] = loadOutages(halved, true);
  assert.ok(outage && outage.inner <= 500, JSON.stringify(outage));
});
