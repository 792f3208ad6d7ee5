import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interrupts } from './interrupts.ts';

test('two signals within a second are one request; one that comes later is another', () => {
  const interrupts = new Interrupts();
  assert.deepEqual(
    [10_000, 10_001, 10_050, 10_999].map((now) => interrupts.add(now)),
    [true, false, false, false],
  );
  assert.equal(interrupts.count, 1);
  assert.equal(interrupts.add(11_000), true);
  assert.equal(interrupts.count, 2);
});
