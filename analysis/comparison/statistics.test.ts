import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../../units/random.ts';
import {
  bcaInterval,
  ENOUGH_RUNS,
  median,
  medianInterval,
  middle,
  normalCdf,
  normalQuantile,
  type Observation,
} from './statistics.ts';

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

const values = (least: number, most = least) =>
  fc.array(fc.double({ min: 0.1, max: 1e5, noNaN: true }), { minLength: least, maxLength: most });

const observed = (all: readonly number[]): Observation[] => all.map((value) => ({ value }));

test('the normal distribution is the one in the tables', () => {
  for (const [x, share] of [
    [0, 0.5],
    [1, 0.841344746068543],
    [1.959963984540054, 0.975],
    [-2.5758293035489004, 0.005],
    [-5, 2.866515718791939e-7],
  ] as const) {
    near(normalCdf(x), share, 1e-14);
    near(normalQuantile(share), x, 1e-8);
  }
  assert.equal(normalCdf(-50), 0);
  assert.equal(normalCdf(50), 1);
});

test('the median of censored observations is censored from half of them on', () => {
  const at = (value: number): Observation => ({ value });
  const beyond = (ms: number): Observation => ({ beyond: ms });
  assert.deepEqual(median([at(12), beyond(38), at(14)]), { value: 14 });
  assert.deepEqual(median([at(12), beyond(38)]), { beyond: 25 }, 'halfway to something beyond 38');
  assert.deepEqual(median([at(12), beyond(38), beyond(40)]), { beyond: 38 });
  assert.deepEqual(median([at(12), at(14), beyond(10)]), { value: 14, bracket: { from: 12, to: 14 } });
  assert.deepEqual(median([beyond(5)]), { beyond: 5 });
  assert.deepEqual(median([]), {});
});

test('the true median lies where the median says, whatever was censored and however wide the brackets are', () => {
  const run = fc.record({
    truth: fc.double({ min: 0, max: 1000, noNaN: true }),
    watched: fc.double({ min: 0, max: 1500, noNaN: true }),
    before: fc.double({ min: 0, max: 50, noNaN: true }),
    after: fc.double({ min: 0, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 12 }), (runs) => {
      const seen = runs.map(({ truth, watched, before, after }): Observation => {
        if (truth > watched) return { beyond: watched };
        return { value: truth + after / 2, bracket: { from: truth - before, to: truth + after } };
      });
      const truth = middle(runs.map(({ truth }) => truth));
      const { value, bracket, beyond } = median(seen);
      if (beyond !== undefined) assert.ok(truth >= beyond);
      else {
        const { from, to } = bracket ?? { from: value!, to: value! };
        assert.ok(from <= truth && truth <= to, `${truth} outside ${from}–${to}`);
      }
      const censored = seen.filter((one) => one.beyond !== undefined).length;
      assert.equal(beyond !== undefined, censored * 2 >= seen.length);
    }),
  );
});

test('an interval is as published: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, tables 14.1 and 14.2', () => {
  const spatial = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41];
  const mean = (all: ArrayLike<number>) => Array.from(all).reduce((sum, one) => sum + one, 0) / all.length;
  const variance = (all: ArrayLike<number>) => {
    const middle = mean(all);
    return mean(Array.from(all, (one) => (one - middle) ** 2));
  };
  near(variance(spatial), 171.5, 0.05);
  const { from, to } = bcaInterval(spatial, variance, { seed: 1, confidence: 0.9, resamples: 20_000 });
  // Published of 2000 resamples: 115.8 and 259.6.
  near(from, 115.8, 2);
  near(to, 259.6, 4);
});

/** Every one of the nⁿ resamples, counted; Φ by the trapezoidal rule, its inverse by Newton's method. */
function exactShares(all: readonly number[], confidence: number) {
  const phi = (x: number) => {
    const steps = 20_000;
    const density = (at: number) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
    const width = (x + 10) / steps;
    let sum = (density(-10) + density(x)) / 2;
    for (let i = 1; i < steps; i++) sum += density(-10 + i * width);
    return sum * width;
  };
  const quantile = (share: number) => {
    let x = 0;
    for (let i = 0; i < 30; i++) x -= (phi(x) - share) / (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI));
    return x;
  };
  const n = all.length;
  const medians: number[] = [];
  for (let code = 0; code < n ** n; code++) {
    const sample: number[] = [];
    for (let i = 0, rest = code; i < n; i++, rest = Math.floor(rest / n)) sample.push(all[rest % n]!);
    medians.push(middle(sample));
  }
  medians.sort((a, b) => a - b);
  const share = (isBelow: (one: number) => boolean) => medians.filter(isBelow).length / medians.length;
  const estimate = middle(all);
  const z0 = quantile((share((one) => one < estimate) + share((one) => one <= estimate)) / 2);
  const left = all.map((_, out) => middle(all.filter((_, i) => i !== out)));
  const mean = left.reduce((sum, one) => sum + one, 0) / n;
  const squares = left.reduce((sum, one) => sum + (mean - one) ** 2, 0);
  const a = squares === 0 ? 0 : left.reduce((sum, one) => sum + (mean - one) ** 3, 0) / (6 * squares ** 1.5);
  const corrected = (tail: number) => phi(z0 + (z0 + quantile(tail)) / (1 - a * (z0 + quantile(tail))));
  return {
    lower: corrected((1 - confidence) / 2),
    upper: corrected((1 + confidence) / 2),
    /** The share of resamples that lie below a value, and at or below it. */
    below: (value: number) => ({ from: share((one) => one < value), to: share((one) => one <= value) }),
  };
}

test('an interval of a median ends where all resamples, counted one by one, say that it ends', () => {
  fc.assert(
    fc.property(values(5), fc.nat(), (all, seed) => {
      const { lower, upper, below } = exactShares(all, 0.95);
      const { from, to } = bcaInterval(all, middle, { seed, resamples: 20_000 });
      // By share of resamples, not by value: a median of few values takes few values.
      for (const [end, wanted] of [
        [from, lower],
        [to, upper],
      ] as const) {
        const step = below(end);
        const tolerance = 0.012;
        assert.ok(
          step.from - tolerance <= wanted && wanted <= step.to + tolerance,
          `${end} is at ${step.from}–${step.to}, not at ${wanted}`,
        );
      }
    }),
    { numRuns: 12 },
  );
});

test('an interval of 95 % holds the true median about that often', () => {
  const truth = Math.LN2;
  for (const n of [ENOUGH_RUNS, 10, 20]) {
    const random = seeded(n);
    const trials = 400;
    let held = 0;
    for (let i = 0; i < trials; i++) {
      const all = Array.from({ length: n }, () => -Math.log(1 - random()));
      const { from, to } = bcaInterval(all, middle, { seed: i, resamples: 500 });
      if (from <= truth && truth <= to) held++;
    }
    const share = held / trials;
    assert.ok(share >= 0.89 && share <= 0.985, `n = ${n}: ${share}`);
  }
});

test('an interval moves and stretches with its values, and is the same every time', () => {
  fc.assert(
    fc.property(values(ENOUGH_RUNS, 12), fc.integer({ min: 1, max: 8 }), fc.nat(), (all, factor, seed) => {
      const options = { seed, resamples: 300 };
      const interval = bcaInterval(all, middle, options);
      assert.deepEqual(bcaInterval(all, middle, options), interval);
      const scaled = bcaInterval(
        all.map((one) => one * 2 ** factor),
        middle,
        options,
      );
      near(scaled.from, interval.from * 2 ** factor, 1e-9 * scaled.from);
      near(scaled.to, interval.to * 2 ** factor, 1e-9 * scaled.to);
      assert.ok(Math.min(...all) <= interval.from && interval.from <= interval.to && interval.to <= Math.max(...all));
    }),
    { numRuns: 50 },
  );
});

test('there is no interval of few runs, nor of runs that are all the same', () => {
  assert.equal(medianInterval(observed([1, 2, 3, 4, 5]), 1), undefined);
  assert.equal(medianInterval(observed([7, 7, 7, 7, 7, 7]), 1), undefined);
  assert.ok(medianInterval(observed([1, 2, 3, 4, 5, 6]), 1));
});

test('censored runs widen an interval upwards, to no end where they are many', () => {
  const six = observed([12, 13, 14, 15, 16, 17]);
  const all = medianInterval([...six, { value: 90 }], 1)!;
  const one = medianInterval([...six, { beyond: 38 }], 1)!;
  assert.equal(one.from, all.from);
  assert.ok(one.to === undefined || one.to >= all.to!);
  const many = medianInterval([...six.slice(0, 3), { beyond: 38 }, { beyond: 38 }, { beyond: 40 }], 1)!;
  assert.equal(many.to, undefined);
  assert.ok(Number.isFinite(many.from));
});
