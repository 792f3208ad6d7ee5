import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Result } from '../probe.ts';
import { Ticks } from './ticks.ts';

const ok: Result = { outcome: 'ok', error: 'none', status: 200 };
const timeout: Result = { outcome: 'fail', error: 'timeout', status: 0 };

test('a second is told once, when every probe that was due in it is decided', () => {
  const ticks = new Ticks(['a', 'b'], 250);
  ticks.due(300, 1);
  ticks.due(900, 3);
  ticks.due(1100, 2);
  ticks.decided('a', 300, 310, ok);
  assert.deepEqual(ticks.take(999), []);
  // The silent one is still waited for: it would be missing.
  assert.deepEqual(ticks.take(1500), []);
  ticks.decided('b', 900, 1800, timeout);
  assert.deepEqual(ticks.take(1850), [
    {
      at: 1000,
      streams: {
        a: { ok: 1, fail: 0, indeterminate: 0, p50: 10 },
        b: { ok: 0, fail: 1, indeterminate: 0, p50: 0, reasons: { timeout: 1 } },
      },
      late99: 3,
    },
  ]);
  assert.deepEqual(ticks.take(1900), []);
});

test('a second without probes is told too', () => {
  const ticks = new Ticks(['a'], 0);
  assert.deepEqual(
    ticks.take(3000).map(({ at }) => at),
    [1000, 2000, 3000],
  );
});

test('probes of the null stream count as late or not, and in no stream', () => {
  const ticks = new Ticks([], 0);
  ticks.due(10, 7);
  ticks.decided('null', 10, 20, ok);
  assert.deepEqual(ticks.take(1000), [{ at: 1000, streams: {}, late99: 7 }]);
});
