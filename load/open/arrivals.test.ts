import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RateOverTime } from '../load.ts';
import { Arrivals } from './arrivals.ts';

function all(rate: RateOverTime): number[] {
  const arrivals = new Arrivals(rate);
  const dues: number[] = [];
  while (arrivals.due < Number.POSITIVE_INFINITY) {
    dues.push(arrivals.due);
    arrivals.take();
  }
  return dues;
}

test('a constant rate has its requests at equal distances, and exactly as many as it should', () => {
  const dues = all({ from: 5000, stages: [{ rate: 5000, for: 60_000 }] });
  assert.equal(dues.length, 300_000);
  assert.equal(dues[0], 0);
  for (const [k, due] of dues.entries()) assert.ok(Math.abs(due - k / 5) < 1e-6, `${k} is due at ${due}`);
});

test('a ramp comes to its rate in a line', () => {
  // From 0 to 100/s in 10 s are 500 requests, half of which fall due in the first 7.07 s.
  const dues = all({ from: 0, stages: [{ rate: 100, for: 10_000 }] });
  assert.equal(dues.length, 500);
  assert.ok(Math.abs(dues[250]! - 10_000 / Math.SQRT2) < 1e-6, String(dues[250]));
});

test('nothing is due while the rate is 0', () => {
  const dues = all({
    from: 10,
    stages: [
      { rate: 10, for: 1000 },
      { rate: 0, for: 1000 },
      { rate: 0, for: 5000 },
      { rate: 10, for: 1000 },
    ],
  });
  assert.equal(dues.length, 20);
  assert.deepEqual(
    dues.filter((due) => due > 2000 && due < 7000),
    [],
  );
});

const rate = fc.double({ min: 0, max: 200, noNaN: true });
const stage = fc.record({ rate, for: fc.integer({ min: 1000, max: 10_000 }) });

test('of any rate over time, each request is due when the integral of the rate has come to its number', () => {
  fc.assert(
    fc.property(rate, fc.array(stage, { minLength: 1, maxLength: 5 }), (from, stages) => {
      const dues = all({ from, stages });
      const integral = (until: number) => {
        let [sum, begins, before] = [0, 0, from];
        for (const { rate: to, for: lasts } of stages) {
          const inside = Math.min(Math.max(until - begins, 0), lasts);
          const reached = before + ((to - before) * inside) / lasts;
          sum += ((before + reached) / 2) * (inside / 1000);
          begins += lasts;
          before = to;
        }
        return sum;
      };
      const whole = integral(Number.POSITIVE_INFINITY);
      assert.ok(
        Math.abs(dues.length - Math.ceil(whole)) <= 1 && dues.length >= whole - 1e-5,
        `${dues.length} of ${whole}`,
      );
      for (const [k, due] of dues.entries()) {
        assert.ok(k === 0 || due >= dues[k - 1]!, 'in their order');
        assert.ok(Math.abs(integral(due) - k) < 1e-3, `request ${k} is due at ${due}, where ${integral(due)} are`);
      }
    }),
  );
});
