import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type StreamBin, worstWindow } from './bins.ts';
import { degradationScore, resilience } from './degradation.ts';

const bin = (ok: number, scheduled = 20): StreamBin => ({
  scheduled,
  ok,
  good: ok,
  stale: 0,
  p50: 1,
  p95: 1,
  answered: 1,
});

test('the worst window is the worst of all windows', () => {
  const bins = fc.array(
    fc.nat(20).map((ok) => bin(ok)),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(bins, fc.constantFrom(1, 10, 60), (all, seconds) => {
      const width = Math.min(seconds, all.length);
      const shares = all.slice(0, all.length - width + 1).map((_, i) => {
        const window = all.slice(i, i + width);
        return window.reduce((sum, { ok }) => sum + ok, 0) / (20 * width);
      });
      assert.ok(Math.abs(worstWindow(all, seconds) - Math.min(...shares)) < 1e-9);
    }),
  );
});

test('better than steady state makes up for nothing', () => {
  assert.deepEqual(resilience([bin(20), bin(10), bin(20)], 0.5), { loss: 0, minQ: 1 });
  assert.deepEqual(resilience([bin(20), bin(5), bin(20)], 0.5), { loss: 0.5, minQ: 0.5 });
});

test('seconds in which nothing fell due lose nothing', () => {
  assert.deepEqual(resilience([bin(0, 0), bin(20)], 1), { loss: 0, minQ: 1 });
});

test('without a disturbance or a recovery there is no score', () => {
  assert.equal(degradationScore(1, undefined, 4000), undefined);
  assert.equal(degradationScore(1, 1000, undefined), undefined);
  assert.equal(degradationScore(0, 1000, 1000), undefined);
  assert.equal(degradationScore(1, 1000, 5000), 0.75);
});
