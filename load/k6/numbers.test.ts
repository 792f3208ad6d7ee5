import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Numbers } from './numbers.ts';

const rangesOf = (all: number[]) => {
  const numbers = new Numbers();
  for (const number of all) numbers.add(number);
  return numbers.ranges();
};

test('ranges hold exactly the numbers that came, each once, however they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (all) => {
      const ranges = rangesOf(all);
      const held = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      assert.deepEqual(
        held,
        [...new Set(all)].sort((a, b) => a - b),
      );
      for (const [i, [from]] of ranges.entries()) assert.ok(i === 0 || from > ranges[i - 1]![1] + 1);
    }),
  );
});

test('what is no number of a write is none', () => {
  assert.deepEqual(rangesOf([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 3]), [[3, 3]]);
});

test('numbers that come again are counted: what they are of cannot be told apart', () => {
  const numbers = new Numbers();
  for (const number of [0, 1, 1, 2, 2, 2]) numbers.add(number);
  assert.equal(numbers.repeated, 3);
});
