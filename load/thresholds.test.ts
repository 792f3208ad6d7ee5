import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadCounts, LoadOutcome, Thresholds } from './load.ts';
import { judgeLoad } from './thresholds.ts';

const good: LoadCounts = {
  offered: 1000,
  sent: 1000,
  ok: 1000,
  failed: 0,
  dropped: 0,
  p50: 5,
  p95: 100,
  p99: 200,
  max: 300,
  errors: {},
};

function judged(thresholds: Thresholds, totals: Partial<LoadCounts> = {}, outcome: LoadOutcome = 'done') {
  const report = { engine: 'open', began: 0, ended: 1000, totals: { ...good, ...totals }, outcome };
  return judgeLoad(report, thresholds).map(({ name, result }) => `${name} ${result}`);
}

test('limits are kept at the limit, and missed above it', () => {
  assert.deepEqual(judged({ p95: 100, p99: 199, errors: 0 }), ['p95 pass', 'p99 fail', 'errors pass']);
  const some = { ok: 990, failed: 10 };
  assert.deepEqual(judged({ errors: 0.01 }, some), ['errors pass']);
  assert.deepEqual(judged({ errors: 0.0099 }, some), ['errors fail']);
});

test('without limits one good answer is wanted', () => {
  assert.deepEqual(judged({}), ['answers pass']);
  assert.deepEqual(judged({}, { ok: 0, failed: 1000 }), ['answers fail']);
});

test('without a good answer no time is kept', () => {
  assert.deepEqual(judged({ p95: 100 }, { ok: 0, failed: 1000, p95: 0 }), ['p95 fail']);
});

test('a load of which a part is missing proves no limit, and still breaks one', () => {
  const partial = { sent: 900, ok: 900, dropped: 100 };
  assert.deepEqual(judged({ p95: 100, p99: 50 }, partial), ['p95 unknown', 'p99 fail']);
  assert.deepEqual(judged({ p95: 100 }, { sent: 995, ok: 995, dropped: 5 }), ['p95 pass']);
});

test('a limit that is missed by no more than the engine was late is unknown', () => {
  assert.deepEqual(judged({ p95: 90 }, { lateness: 10 }), ['p95 unknown']);
  assert.deepEqual(judged({ p95: 90 }, { lateness: 9.9 }), ['p95 fail']);
  assert.deepEqual(judged({ p95: 100 }, { lateness: 50 }), ['p95 pass']);
});

test('few answers have no percentile', () => {
  assert.deepEqual(judged({ p95: 100, p99: 300 }, { offered: 20, sent: 20, ok: 20 }), ['p95 pass', 'p99 unknown']);
});

test('of an engine that failed, or that sent nothing, nothing is known', () => {
  assert.deepEqual(judged({ p95: 100 }, {}, { failed: 'killed' }), ['p95 unknown']);
  assert.deepEqual(judged({}, {}, { failed: 'killed' }), ['answers unknown']);
  const nothing = { offered: 10, sent: 0, ok: 0, dropped: 10 };
  assert.deepEqual(judged({ errors: 0.1 }, nothing), ['errors unknown']);
  assert.deepEqual(judged({}, nothing), ['answers unknown']);
});

test('the thresholds of a script that were not met are a failure, whatever else was kept', () => {
  assert.deepEqual(judged({}, {}, 'thresholds'), ['answers pass', 'thresholds of the script fail']);
  assert.deepEqual(judged({ p95: 100 }, {}, 'thresholds'), ['p95 pass', 'thresholds of the script fail']);
});

test('a limit that lies between the percentiles of single runners is unknown', () => {
  assert.deepEqual(judged({ p95: 99 }, { least: { p95: 50, p99: 60 } }), ['p95 unknown']);
  assert.deepEqual(judged({ p95: 49 }, { least: { p95: 50, p99: 60 } }), ['p95 fail']);
  assert.deepEqual(judged({ p95: 100 }, { least: { p95: 50, p99: 60 } }), ['p95 pass']);
});
