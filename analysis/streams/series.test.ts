import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamSamples } from '../../probes/samples.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { indexAt, indexOfSeq, probeState, toSeries } from './series.ts';

/** Samples with these numbers, each at its due: every 50 ms. */
function numbered(seqs: number[]): StreamSamples {
  const [base] = syntheticRecording({
    steady: 0,
    hold: 0,
    recover: 5000,
    streams: [{ name: 'vote', every: 50 }],
  }).streams;
  const samples = { ...base!, n: seqs.length };
  samples.seq.set(seqs);
  samples.due.set(seqs.map((seq) => 1000 + seq * 50));
  return samples;
}

test('a number that nobody measured does not fill the memory', () => {
  const samples = numbered([0, 4_000_000_000, 4_000_000_001]);
  const { missing, n } = toSeries(samples, Number.MAX_VALUE, 10 * 86_400_000);
  assert.deepEqual([missing, n], [1_000_000, 1_000_003]);
});

test('a whole stream is taken as it is', () => {
  const samples = numbered([0, 1, 2]);
  const series = toSeries(samples, 3);
  assert.equal(series.due, samples.due);
  assert.equal(series.missing, 0);
});

test('missing numbers are filled in at evenly spread dues, between and after', () => {
  const series = toSeries(numbered([0, 3, 4]), 7, 60_000);
  assert.deepEqual([...series.seq], [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...series.due], [1000, 1050, 1100, 1150, 1200, 1250, 1300]);
  const { ok, missing } = probeState;
  assert.deepEqual([...series.state], [ok, missing, missing, ok, ok, missing, missing]);
  assert.equal(series.missing, 4);
});

test('nothing is filled in after the time that is judged', () => {
  assert.equal(toSeries(numbered([0, 1]), 1000, 1200).n, 5);
});

test('a damaged number does not fill the memory, and numbers that do not rise are left out', () => {
  const samples = numbered([0, 1, 2, 3]);
  samples.seq.set([0, 4_000_000_000, 2, 3]);
  assert.ok(toSeries(samples).n < 10);
  samples.seq.set([0, 1, 1, 2]);
  assert.deepEqual([...toSeries(samples).seq], [0, 1, 2]);
});

test('looked up by time and by number', () => {
  const series = toSeries(numbered([0, 2, 3]));
  assert.deepEqual(
    [0, 1000, 1001, 1150, 9999].map((time) => indexAt(series, time)),
    [0, 0, 1, 3, 4],
  );
  assert.deepEqual(
    [0, 1, 3, 4].map((seq) => indexOfSeq(series, seq)),
    [0, 1, 3, undefined],
  );
  assert.equal(indexOfSeq(toSeries(numbered([])), 0), undefined);
});
