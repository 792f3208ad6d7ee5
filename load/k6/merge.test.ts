import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, mergeSummaries, outcomeOfRunners, type Runner } from './merge.ts';
import { type Metric, totalsIn } from './summary.ts';

const metricsOf = (sent: number, failed: number, p95: number): Record<string, Metric> => ({
  http_reqs: { type: 'counter', values: { count: sent, rate: sent / 10 } },
  http_req_failed: { type: 'rate', values: { rate: failed / sent, passes: failed, fails: sent - failed } },
  'http_req_duration{expected_response:true}': {
    type: 'trend',
    contains: 'time',
    values: {
      count: sent - failed,
      avg: 10 * p95,
      min: p95 / 2,
      med: p95 - 1,
      max: p95 + 9,
      'p(95)': p95,
      'p(99)': p95 + 1,
    },
  },
});

const runner = (name: string, more: Partial<Runner> = {}): Runner => ({
  name,
  code: 0,
  totals: { metrics: metricsOf(100, 10, 20) },
  said: '',
  ...more,
});

test('counts are sums, an average is weighed, and of percentiles the greatest is told', () => {
  const other = {
    metrics: { ...metricsOf(300, 0, 40), dropped_iterations: { type: 'counter', values: { count: 7 } } },
  };
  const merged = mergeSummaries([runner('a'), runner('b', { totals: other }), runner('c', { totals: undefined })]);
  assert.deepEqual([merged.runners, merged.told], [3, 2]);
  assert.deepEqual(countsOf(merged), {
    ...{ offered: 407, sent: 400, ok: 390, failed: 10, dropped: 7 },
    ...{ p50: 39, p95: 40, p99: 41, max: 49 },
    least: { p95: 20, p99: 21 },
    errors: { 'not told why': 10 },
    drops: { 'under way': 7 },
  });
  assert.equal(merged.metrics.http_req_failed?.values.rate, 10 / 400);
  assert.equal(merged.metrics.http_reqs?.values.rate, 40);
  const times = merged.metrics['http_req_duration{expected_response:true}']!.values;
  assert.deepEqual([times.min, times.avg], [10, (90 * 200 + 300 * 400) / 390]);
});

test('of nothing there is nothing', () => {
  const { offered, ok, p95 } = countsOf(mergeSummaries([runner('a', { totals: undefined })]));
  assert.deepEqual([offered, ok, p95], [0, 0, 0]);
});

test('one runner that failed, or told no totals, makes all of it a failure', () => {
  assert.equal(outcomeOfRunners([runner('a'), runner('b')], false), 'done');
  assert.equal(outcomeOfRunners([runner('a'), runner('b', { code: 99 })], false), 'thresholds');
  assert.equal(outcomeOfRunners([runner('a', { code: 105 }), runner('b')], true), 'stopped');
  assert.deepEqual(outcomeOfRunners([runner('a'), runner('b', { code: 107, said: 'oops' })], false), {
    failed: '1 of 2 runners: b: k6 ended with code 107: the script threw an error before its first request\noops',
  });
  assert.deepEqual(outcomeOfRunners([runner('a', { totals: undefined, said: 'x' })], false), {
    failed: '1 of 1 runners: a: ended without its totals\nx',
  });
});

test('totals are the last such line of what was printed, if it makes sense', () => {
  const line = 'brownout-summary {"metrics":{"a":{"type":"counter","values":{"count":1}}}}';
  assert.equal(totalsIn(`x\nbrownout-summary {\n${line}\ny`)?.metrics.a?.values.count, 1);
  for (const said of [
    '',
    'brownout-summary',
    'brownout-summary null',
    'brownout-summary {"metrics":{"a":1}}',
    `${line}\nbrownout-summary [}`,
  ]) {
    assert.equal(totalsIn(said), undefined, said);
  }
});

test('runners that do not tell which requests failed say nothing that counts', () => {
  const { http_req_failed: _, ...metrics } = metricsOf(100, 0, 20);
  const outcome = outcomeOfRunners([runner('a'), runner('b', { totals: { metrics } })], false);
  assert.match(JSON.stringify(outcome), /1 of 2 runners: b: its script has k6 not tell which requests failed/);
});
