import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamSpec } from '../probe.ts';
import { parseSamples, SampleEncoder } from '../samples.ts';
import { checkEdges } from './edges.ts';
import type { TrueOutage } from './truth.ts';

const spec: StreamSpec = {
  name: 'web',
  kind: 'http',
  target: 'http://127.0.0.1:1/',
  every: 20,
  timeout: 150,
  connection: 'new',
  writes: false,
  idPrefix: '',
  options: {},
};

/** A probe each 20 ms, answered after 1 ms; those that are due within [from, to) are refused. */
function samplesWith(from: number, to: number) {
  const encoder = new SampleEncoder();
  for (let seq = 0; seq < 100; seq++) {
    const due = seq * 20;
    const bad = due >= from && due < to;
    const result = bad
      ? ({ outcome: 'fail', error: 'refused', status: 0 } as const)
      : ({ outcome: 'ok', error: 'none', status: 200 } as const);
    encoder.add(0, seq, due, due, due + 1, result);
  }
  return parseSamples(Buffer.concat([SampleEncoder.header('0', [spec]), encoder.take()]), 'test').streams[0]!;
}

const outage = (from: number, to: number): TrueOutage => ({ start: { from, to: from }, end: { from: to, to } });

test('an outage that was found in its brackets', () => {
  const check = checkEdges(samplesWith(400, 800), [outage(390, 795)], []);
  assert.deepEqual(check, { found: 1, maxErrorMs: 10, outsideBracket: 0, invented: 0 });
});

test('a truth outside a bracket is seen', () => {
  const check = checkEdges(samplesWith(400, 800), [outage(370, 795)], []);
  assert.deepEqual([check.outsideBracket, check.maxErrorMs], [1, 30]);
});

test('an outage that was not found counts with both edges, one between two probes does not', () => {
  assert.equal(checkEdges(samplesWith(0, 0), [outage(401, 500)], []).outsideBracket, 2);
  assert.equal(checkEdges(samplesWith(0, 0), [outage(401, 419)], []).outsideBracket, 0);
});

test('an outage that nobody made is invented, unless the server itself stood still', () => {
  assert.equal(checkEdges(samplesWith(400, 800), [], []).invented, 1);
  assert.equal(checkEdges(samplesWith(400, 800), [], [outage(390, 700)]).invented, 0);
});
