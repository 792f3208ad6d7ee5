import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Mark, SplitStep } from '../analysis/findings.ts';
import { legs } from './legs.ts';

const step = (name: SplitStep['step'], mark: Mark): SplitStep => ({ step: name, mark, from: '' });

it('each leg begins where the one before ended, whatever order the steps came in', () => {
  const steps = legs([
    step('fault confirmed', { ms: 1400 }),
    step('first failure', { ms: 400 }),
    step('platform noticed', { ms: 13_000 }),
  ]);
  assert.deepEqual(
    steps.map(({ step, from, took }) => [step, from, took]),
    [
      ['first failure', 0, 400],
      ['fault confirmed', 400, 1000],
      ['platform noticed', 1400, 11_600],
    ],
  );
});

it('what was never seen comes last and has no length', () => {
  const steps = legs([step('stable', { beyond: 60_000 }), step('first success', { ms: 5000 }), step('started', {})]);
  assert.deepEqual(
    steps.map(({ step, took }) => [step, took]),
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
      const steps = legs(all.map((ms) => step('started', { ms })));
      assert.ok(steps.every(({ took }) => took! >= 0));
      assert.equal(
        steps.reduce((sum, { took }) => sum + took!, 0),
        Math.max(0, ...all),
      );
    }),
  );
});
