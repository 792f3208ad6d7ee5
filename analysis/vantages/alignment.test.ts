import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Exchange } from '../../probes/vantage/exchanges.ts';
import { Alignment, DRIFT } from './alignment.ts';

const HOUR = 3_600_000;

/** Another clock: `offset` behind at its time 0, and from then on drifting by these shares of time, each for a stretch of ms. */
interface Clock {
  offset: number;
  stretches: { ms: number; drift: number }[];
}

function offsetOf({ offset, stretches }: Clock, at: number): number {
  let now = offset;
  let from = 0;
  for (const { ms, drift } of stretches) {
    now += Math.max(0, Math.min(at - from, ms)) * drift;
    from += ms;
  }
  return now;
}

const clock: fc.Arbitrary<Clock> = fc.record({
  offset: fc.double({ min: -100 * HOUR, max: 100 * HOUR, noNaN: true }),
  stretches: fc.array(
    fc.record({
      ms: fc.double({ min: 1, max: 60_000, noNaN: true }),
      drift: fc.double({ min: -DRIFT, max: DRIFT, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});
const moment = fc.double({ min: 0, max: 300_000, noNaN: true });
const delay = fc.double({ min: 0, max: 500, noNaN: true });
/** Ways there and back have nothing to do with each other. */
const look = fc.record({ at: moment, there: delay, back: delay });

const seen = (of: Clock, { at, there, back }: { at: number; there: number; back: number }): Exchange => {
  const here = at + offsetOf(of, at);
  return { asked: here - there, at, heard: here + back };
};

/** Times of days are known to a part of a microsecond. */
const ROUNDING = 1e-6;

test('the true offset is within the error, at any time, however the clocks drift and however unlike the ways are', () => {
  fc.assert(
    fc.property(clock, fc.array(look, { minLength: 1, maxLength: 40 }), moment, (of, looks, at) => {
      const alignment = new Alignment(looks.map((one) => seen(of, one)));
      const { offset, error } = alignment.offsetAt(at);
      assert.ok(Math.abs(offset - offsetOf(of, at)) <= error + ROUNDING);
    }),
  );
});

test('each look makes the error smaller or leaves it, and at its moment it is at most half of how long that took', () => {
  fc.assert(
    fc.property(clock, fc.array(look, { minLength: 2, maxLength: 20 }), (of, looks) => {
      const all = looks.map((one) => seen(of, one));
      const [fewer, more] = [new Alignment(all.slice(1)), new Alignment(all)];
      for (const { asked, at, heard } of all) {
        assert.ok(more.offsetAt(at).error <= fewer.offsetAt(at).error + ROUNDING);
        assert.ok(more.offsetAt(at).error <= (heard - asked) / 2 + ROUNDING);
      }
    }),
  );
});

test('times of the other clock keep their order', () => {
  fc.assert(
    fc.property(clock, fc.array(look, { minLength: 1, maxLength: 20 }), moment, moment, (of, looks, a, b) => {
      const alignment = new Alignment(looks.map((one) => seen(of, one)));
      const [first, second] = [Math.min(a, b), Math.max(a, b)];
      const here = (at: number) => at + alignment.offsetAt(at).offset;
      assert.ok(here(first) <= here(second) + ROUNDING);
    }),
  );
});

test('a clock that is set meanwhile contradicts itself; one that drifts as clocks do does not', () => {
  const steady = Array.from({ length: 60 }, (_, s) => ({
    asked: s * 1000,
    at: s * 1000 + 3000.5,
    heard: s * 1000 + 1,
  }));
  assert.equal(new Alignment(steady).isContradicted, false);
  const set = steady.map((one, s) => (s < 30 ? one : { ...one, at: one.at + 50 }));
  assert.equal(new Alignment(set).isContradicted, true);
  fc.assert(
    fc.property(clock, fc.array(look, { minLength: 1, maxLength: 40 }), (of, looks) => {
      // Less than the slowest and fastest ways leave open.
      const all = looks.map(({ at, there, back }) => seen(of, { at, there: there + ROUNDING, back: back + ROUNDING }));
      assert.equal(new Alignment(all).isContradicted, false);
    }),
  );
});

test('between two looks of one millisecond, a second apart, the error is at most 3 ms; in a cut of a minute 151', () => {
  const looks = [0, 1000, 61_000].map((at) => ({ asked: at - 0.5, at, heard: at + 0.5 }));
  const alignment = new Alignment(looks);
  assert.ok(Math.abs(alignment.offsetAt(500).error - 3) < 1e-9);
  assert.ok(Math.abs(alignment.offsetAt(31_000).error - 150.5) < 1e-9);
});
