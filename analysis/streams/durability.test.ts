import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorClasses, type Outcome, outcomes } from '../../probes/probe.ts';
import type { StreamSamples } from '../../probes/samples.ts';
import type { RunEvent } from '../../recording/recording.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { durabilityCheck } from '../objectives.ts';
import { durabilityOf, lostWrites } from './durability.ts';
import { toSeries } from './series.ts';

function writes(results: Outcome[]): StreamSamples {
  const { streams } = syntheticRecording({
    steady: 0,
    hold: 0,
    recover: results.length * 60 + 1000,
    streams: [{ name: 'vote', writes: true }],
  });
  const samples = { ...streams[0]!, n: results.length };
  results.forEach((outcome, i) => {
    samples.outcome[i] = outcomes.indexOf(outcome);
    samples.error[i] = errorClasses.indexOf(outcome === 'ok' ? 'none' : 'timeout');
  });
  return samples;
}

function events(ids: string[] | null, left: number | null = 0): RunEvent[] {
  return [
    { at: 1, kind: 'backlog', stream: 'vote', waited: 100, left },
    { at: 2, kind: 'readback', stream: 'vote', ids, ...(ids ? {} : { error: 'no database' }) },
  ];
}

const idsOf = (seqs: Set<number>, keep: (seq: number) => boolean) => new Set([...seqs].filter(keep).map(id));
const id = (seq: number | string) => `synthetic-vote-${seq}`;

test('the set test agrees with sets', () => {
  const written = fc.array(fc.constantFrom<Outcome>('ok', 'fail', 'indeterminate'), { maxLength: 60 });
  const readSeqs = fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 80 });
  fc.assert(
    fc.property(written, readSeqs, (results, seqs) => {
      const found = durabilityOf(toSeries(writes(results)), events(seqs.map(id)), false);
      const read = new Set(seqs);
      const acknowledged = new Set(results.flatMap((result, seq) => (result === 'ok' ? [seq] : [])));
      const unanswered = new Set(results.flatMap((result, seq) => (result === 'indeterminate' ? [seq] : [])));
      const attempted = new Set(results.keys());
      assert.equal(found.attempted, attempted.size);
      assert.equal(found.acknowledged, acknowledged.size);
      assert.equal(found.indeterminate, unanswered.size);
      assert.equal(found.read, read.size);
      assert.deepEqual(
        new Set(found.lost),
        idsOf(acknowledged, (seq) => !read.has(seq)),
      );
      assert.equal(found.recovered, idsOf(read, (seq) => unanswered.has(seq)).size);
      assert.deepEqual(
        new Set(found.unexpected),
        idsOf(read, (seq) => !attempted.has(seq)),
      );
      const twice = seqs.filter((seq, i) => seqs.indexOf(seq) !== i);
      assert.deepEqual(new Set(found.duplicated), new Set(twice.map(id)));
      assert.equal(found.unknown, undefined);
    }),
  );
});

test('ids that this stream cannot have written are unexpected', () => {
  const strange = ['synthetic-vote-', id('01'), id('1x'), id('-1'), 'other-3', id('99999999999')];
  const found = durabilityOf(toSeries(writes(['ok', 'ok'])), events([id(0), id(1), ...strange]), false);
  assert.deepEqual(found.unexpected, strange.toSorted());
  assert.deepEqual(found.lost, []);
});

test('a write after the last sample of a killed prober may have been sent', () => {
  const series = toSeries(writes(['ok']));
  assert.deepEqual(durabilityOf(series, events([id(0), id(1)]), true).unexpected, []);
  assert.deepEqual(durabilityOf(series, events([id(0), id(1)]), false).unexpected, [id(1)]);
});

test('a write whose sample is missing was as good as not answered', () => {
  const samples = writes(['ok', 'ok', 'ok']);
  samples.seq.set([0, 2, 3]);
  const found = durabilityOf(toSeries(samples), events([0, 1, 2, 3].map(id)), false);
  assert.deepEqual([found.attempted, found.recovered, found.unexpected.length], [3, 1, 0]);
});

test('lost writes fail, whatever the limit of a silent scenario; what was not read is unknown', () => {
  const verdict = (ids: string[] | null, left: number | null, limit = 0) => {
    const series = toSeries(writes(['ok', 'ok', 'ok', 'fail']));
    return durabilityCheck(durabilityOf(series, events(ids, left), false), limit).verdict;
  };
  const all = [0, 1, 2].map(id);
  assert.equal(verdict(all, 0), 'pass');
  assert.equal(verdict(all, 7), 'pass');
  assert.equal(verdict([id(0), id(1)], 0), 'fail');
  assert.equal(verdict([id(0), id(1)], 0, 1), 'pass');
  assert.equal(verdict(null, 0), 'unknown');
});

test('a backlog is not a loss, and what it cannot hold is one', () => {
  const series = toSeries(writes(['ok', 'ok', 'ok', 'ok']));
  const check = (left: number | null) => durabilityCheck(durabilityOf(series, events([id(0)], left), false), 0);
  assert.equal(check(3).verdict, 'unknown');
  assert.equal(check(null).verdict, 'unknown');
  assert.equal(check(2).verdict, 'fail');
  assert.match(check(0).observed, /synthetic-vote-1, synthetic-vote-2, synthetic-vote-3/);
});

test('writes that were never looked for are unknown', () => {
  const found = durabilityOf(toSeries(writes(['ok'])), [], false);
  assert.match(found.unknown ?? '', /never looked for/);
  assert.deepEqual(found.lost, []);
});

test('what is found in part, or not as it was written, is told by name, and counts as lost: of acknowledged writes alone', () => {
  const series = toSeries(writes(['ok', 'ok', 'ok', 'fail', 'indeterminate']));
  const readback = (left: number, more: { truncated: string[]; altered: string[] }): RunEvent[] => [
    { at: 1, kind: 'backlog', stream: 'vote', waited: 100, left },
    { at: 2, kind: 'readback', stream: 'vote', ids: [1, 1, 2, 3, 4].map(id), ...more },
  ];
  const bad = { truncated: [1, 1, 3, 4].map(id), altered: [2].map(id) };
  const found = durabilityOf(series, readback(0, bad), false);
  assert.deepEqual(
    [found.lost, found.truncated, found.altered, found.duplicated],
    [[id(0)], [id(1)], [id(2)], [id(1)]],
    'puts in flight are judged by nobody',
  );
  assert.deepEqual(lostWrites(found), { from: 3, to: 3 });
  const check = durabilityCheck(found, 0);
  assert.equal(check.verdict, 'fail');
  assert.equal(check.observed, `3 of 3: ${id(0)}; truncated: ${id(1)}; altered: ${id(2)}`);
  assert.equal(durabilityCheck(found, 3).verdict, 'pass');
  const queued = durabilityOf(series, readback(7, bad), false);
  assert.deepEqual(lostWrites(queued), { from: 2, to: 3 }, 'what is there is not still queued');
  assert.equal(durabilityCheck(queued, 0).verdict, 'fail');
  assert.equal(durabilityCheck(queued, 2).verdict, 'unknown');
  const good = durabilityOf(series, readback(7, { truncated: [], altered: [] }), false);
  assert.deepEqual([good.truncated, good.altered], [[], []]);
});
