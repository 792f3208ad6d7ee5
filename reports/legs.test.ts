import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Mark, SplitStep } from '../analysis/findings.ts';
import { legs } from './legs.ts';

const step = (name: SplitStep['step'], mark: Mark): SplitStep => ({ step: name, mark, from: '' });

it('each leg begins where the one before ended, whatever order the steps came in', () => {
  const told = legs([
    step('fault confirmed', { ms: 1400 }),
    step('first failure', { ms: 400 }),
    step('platform noticed', { ms: 13_000 }),
  ]);
  assert.deepEqual(
    told.map(({ step, from, took }) => [step, from, took]),
    [
      ['first failure', 0, 400],
      ['fault confirmed', 400, 1000],
      ['platform noticed', 1400, 11_600],
    ],
  );
});

it('what was never seen comes last and has no length', () => {
  const told = legs([step('stable', { beyond: 60_000 }), step('first success', { ms: 5000 }), step('started', {})]);
  assert.deepEqual(
    told.map(({ step, took }) => [step, took]),
    [
      ['first success', 5000],
      ['stable', undefined],
      ['started', undefined],
    ],
  );
});

it('the legs add up to the last mark, and none is negative', () => {
  const marks = fc.array(fc.integer({ min: -500, max: 100_000 }), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(marks, (all) => {
      const told = legs(all.map((ms) => step('started', { ms })));
      assert.ok(told.every(({ took }) => took! >= 0));
      assert.equal(
        told.reduce((sum, { took }) => sum + took!, 0),
        Math.max(0, ...all),
      );
    }),
  );
});
