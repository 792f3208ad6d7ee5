import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorClasses, outcomes } from '../../probes/probe.ts';
import type { StreamSamples } from '../../probes/samples.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { findOutages } from './outages.ts';

/**
 * How the service breaks, as a server would: a refusal is seen at once, a black hole never, a frozen one answers late.
 */
type Kind = 'refuse' | 'black hole' | 'freeze';

interface Truth {
  from: number;
  to: number;
  kind: Kind;
}

interface World {
  every: number;
  jitter: number;
  timeout: number;
  truths: Truth[];
  samples: StreamSamples;
}

const truthsArb = (every: number, timeout: number) =>
  fc
    .array(
      fc.record({
        healthy: fc.double({ min: 3 * every + timeout, max: 20 * every + timeout, noNaN: true }),
        length: fc.double({ min: 0.1, max: 30 * every + timeout, noNaN: true }),
        kind: fc.constantFrom<Kind>('refuse', 'black hole', 'freeze'),
      }),
      { maxLength: 6 },
    )
    .map((parts) => {
      let at = 0;
      return parts.map(({ healthy, length, kind }): Truth => {
        const from = at + healthy;
        at = from + length;
        return { from, to: at, kind };
      });
    });

const worldArb: fc.Arbitrary<World> = fc
  .record({
    every: fc.constantFrom(5, 20, 50, 100),
    jitter: fc.double({ min: 0, max: 0.4, noNaN: true }),
    timeout: fc.constantFrom(200, 900),
  })
  .chain(({ every, jitter, timeout }) =>
    fc
      .record({
        truths: truthsArb(every, timeout),
        random: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
      })
      .map(({ truths, random }) => {
        const next = () => random.next().value as number;
        const end = (truths.at(-1)?.to ?? 0) + 10 * every + 2 * timeout;
        return { every, jitter, timeout, truths, samples: observe(truths, end, { every, jitter, timeout, next }) };
      }),
  );

/**
 * What an open-loop prober sees of a service that breaks at these times. The request reaches it within its first
 * millisecond.
 */
function observe(
  truths: Truth[],
  end: number,
  { every, jitter, timeout, next }: { every: number; jitter: number; timeout: number; next: () => number },
): StreamSamples {
  const n = Math.floor(end / every);
  const base = syntheticRecording({ steady: 0, hold: 0, recover: 0, streams: [{ name: 'vote', every, timeout }] })
    .streams[0]!;
  const samples: StreamSamples = {
    ...base,
    n,
    seq: Uint32Array.from({ length: n }, (_, i) => i),
    due: new Float64Array(n),
    sent: new Float64Array(n),
    done: new Float64Array(n),
    outcome: new Uint8Array(n),
    error: new Uint8Array(n),
    status: new Uint16Array(n),
    instance: new Uint16Array(n),
  };
  const phase = next() * every;
  for (let i = 0; i < n; i++) {
    const due = phase + (i + jitter * next()) * every;
    const sent = due + next() * 2;
    const arrives = sent + next();
    const answer = 1 + next() * 4;
    const hit = truths.find(({ from, to }) => arrives >= from && arrives < to);
    const thawed = hit?.kind === 'freeze' && hit.to + 1 < sent + timeout;
    const fails = hit !== undefined && !thawed;
    const silent = fails && hit.kind !== 'refuse';
    samples.due[i] = due;
    samples.sent[i] = sent;
    samples.done[i] = silent ? sent + timeout : thawed ? hit.to + 1 : fails ? arrives + 0.5 : sent + answer;
    samples.outcome[i] = outcomes.indexOf(fails ? 'fail' : 'ok');
    samples.error[i] = errorClasses.indexOf(!fails ? 'none' : silent ? 'timeout' : 'refused');
  }
  return samples;
}

const isFailed = (samples: StreamSamples, i: number) => samples.outcome[i] !== outcomes.indexOf('ok');

test('every known outage that a probe met is found within its brackets, and none is invented', () => {
  fc.assert(
    fc.property(worldArb, ({ truths, samples }) => {
      const found = findOutages(samples);
      const met = truths.filter(({ from, to }) =>
        samples.sent.some((sent, i) => isFailed(samples, i) && sent + 1 >= from && sent < to),
      );
      assert.equal(found.length, met.length);
      found.forEach((outage, i) => {
        const truth = met[i]!;
        assert.ok(
          outage.start.from <= truth.from && truth.from <= outage.start.to,
          `start ${truth.from} outside ${JSON.stringify(outage)}`,
        );
        assert.ok(
          outage.end.from <= truth.to && truth.to <= outage.end.to,
          `end ${truth.to} outside ${JSON.stringify(outage)}`,
        );
        const length = truth.to - truth.from;
        assert.ok(outage.inner <= length && length <= outage.outer);
        assert.equal(outage.open, false);
      });
    }),
    { numRuns: 300 },
  );
});

test('the edges of an outage are as sharp as the schedule', () => {
  fc.assert(
    fc.property(worldArb, ({ every, jitter, truths, samples }) => {
      // A frozen service answers late what it did not refuse: that blurs what is usual, and edges with it.
      fc.pre(truths.every(({ kind }) => kind !== 'freeze'));
      // Two probes are at most an interval and its jitter apart; lateness, travel and answer add up to 8 ms here.
      const sharp = every * (1 + jitter) + 8;
      for (const { start, end } of findOutages(samples)) {
        assert.ok(start.to - start.from <= sharp, `start ${JSON.stringify(start)} wider than ${sharp}`);
        assert.ok(end.to - end.from <= sharp, `end ${JSON.stringify(end)} wider than ${sharp}`);
      }
    }),
    { numRuns: 100 },
  );
});

test('outages account for every failure once, and k only leaves out short ones', () => {
  fc.assert(
    fc.property(worldArb, fc.integer({ min: 1, max: 5 }), ({ samples }, k) => {
      const all = findOutages(samples);
      const failures = samples.outcome.filter((_, i) => isFailed(samples, i)).length;
      assert.equal(
        all.reduce((sum, outage) => sum + outage.failures, 0),
        failures,
      );
      assert.deepEqual(
        findOutages(samples, k),
        all.filter((outage) => outage.failures >= k),
      );
      for (const { failures: n, errors } of all) {
        assert.equal(
          Object.values(errors).reduce((sum, count) => sum + count, 0),
          n,
        );
      }
    }),
    { numRuns: 100 },
  );
});

function stream(states: ('ok' | 'fail' | 'indeterminate' | 'prober')[]): StreamSamples {
  const { streams } = syntheticRecording({
    steady: 0,
    hold: 0,
    recover: 100_000,
    streams: [{ name: 'vote', every: 50 }],
  });
  const samples = { ...streams[0]!, n: states.length };
  states.forEach((state, i) => {
    samples.outcome[i] = outcomes.indexOf(state === 'prober' ? 'fail' : state);
    samples.error[i] = errorClasses.indexOf(state === 'ok' ? 'none' : state === 'prober' ? 'prober' : 'status');
  });
  return samples;
}

test('a write without an answer is an outage for its user', () => {
  const [outage, ...others] = findOutages(stream(['ok', 'indeterminate', 'ok']));
  assert.equal(outage?.failures, 1);
  assert.equal(others.length, 0);
});

test("errors on the prober's own side neither open nor end an outage", () => {
  assert.deepEqual(findOutages(stream(['ok', 'prober', 'ok'])), []);
  const found = findOutages(stream(['ok', 'fail', 'prober', 'fail', 'ok']));
  assert.deepEqual(
    found.map(({ failures }) => failures),
    [2],
  );
});

test('an outage that never ends is open, and one that began before the first probe reaches back to the origin', () => {
  const [outage] = findOutages(stream(['fail', 'fail']));
  assert.equal(outage?.open, true);
  assert.equal(outage?.start.from, 0);
  assert.deepEqual(findOutages(stream([])), []);
});
