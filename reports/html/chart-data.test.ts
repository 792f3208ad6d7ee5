import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findingsByHand } from '../../tests/made-up/findings.ts';
import { chartData, probedRange, spells } from './chart-data.ts';

it('time counts from the fault', () => {
  const data = chartData(findingsByHand());
  assert.equal(data.seconds[0], -61.2);
  assert.deepEqual(data.fault, { from: 0, to: 30.1 });
  assert.deepEqual(data.events[1], { at: 13.1, text: 'node w1 is down' });
});

it('a second in which nothing was due, or nothing answered, is a gap and not a zero', () => {
  const findings = findingsByHand();
  findings.bins[3]!.streams.vote = { scheduled: 0, ok: 0, p50: 0, p95: 0 };
  delete findings.bins[4]!.streams.vote;
  const vote = chartData(findings).streams[0]!;
  assert.deepEqual(vote.ok.slice(3, 5), [null, null]);
  assert.deepEqual(vote.p95.slice(3, 5), [null, null]);
  assert.equal(vote.ok[5], 1);
});

it('a fault that was never healed lasts to the end', () => {
  const findings = { ...findingsByHand(), healedAt: undefined };
  assert.equal(chartData(findings).fault?.to, probedRange(findings).to);
});

it('without a fault time counts from the origin, and without bins there is nothing', () => {
  const findings = { ...findingsByHand(), t0: undefined };
  assert.equal(chartData(findings).seconds[0], 0);
  assert.equal(chartData(findings).fault, null);
  assert.deepEqual(chartData({ ...findings, bins: [] }).seconds, []);
});

it('spells are maximal, do not cross a gap, and cover every bin', () => {
  const findings = findingsByHand();
  findings.bins = findings.bins.filter(({ second }) => second !== 10);
  const found = spells(findings);
  const length = found.reduce((sum, { from, to }) => sum + Math.round(to - from), 0);
  assert.equal(length, findings.bins.length);
  found.slice(1).forEach((spell, i) => {
    assert.ok(spell.class !== found[i]!.class || spell.from > found[i]!.to + 0.5);
  });
});
