import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServerClock } from './event.ts';

test('a clock that may agree is left alone; one that is ahead or behind is told by the least that its answers allow', () => {
  const real = fc.record({ skew: fc.integer({ min: -90_000, max: 90_000 }), phase: fc.integer({ min: 0, max: 999 }) });
  fc.assert(
    fc.property(real, fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 30 }), ({ skew, phase }, delays) => {
      const clock = new ServerClock();
      for (const [i, delay] of delays.entries()) {
        const asked = 1_000_000 + phase + i * 1009;
        const there = asked + delay / 2 + skew;
        clock.saw(Math.floor(there / 1000) * 1000, asked, asked + delay);
      }
      // Never more than it is, in its direction.
      assert.ok(Math.abs(clock.ahead) <= Math.abs(skew) && clock.ahead * skew >= 0, `${clock.ahead} of ${skew}`);
      if (Math.abs(skew) > 2000) assert.ok(Math.abs(clock.ahead - skew) <= 1400, `${clock.ahead} of ${skew}`);
    }),
  );
  assert.equal(new ServerClock().ahead, 0);
});

test('a clock that is set is known anew', () => {
  const clock = new ServerClock();
  clock.saw(20_000, 0, 10);
  clock.saw(0, 300, 310);
  assert.equal(clock.ahead, 0);
});
