import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Recording } from '../../recording/read.ts';
import type { VantageRecording } from '../../recording/vantage.ts';
import { type SyntheticStream, syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';
import { before } from './aligned.ts';

const HOUR = 3_600_000;
/** Of a synthetic recording, ms since its origin. */
const T0 = 12_000;

/** Another computer's clock: behind by `offset` ms when the recording begins, and faster by `drift`. `way`: how long a message takes there, and back. */
interface Elsewhere {
  offset: number;
  drift: number;
  way: { there: number; back: number };
}
const QUICK = { there: 0.2, back: 0.3 };
/** No prober begins before its computer does: its clock counts from its own beginning. */
const onItsClock = ({ offset, drift }: Elsewhere, at: number) => (at + offset) * (1 + drift);

/** What the same service looks like from elsewhere. */
function seenFrom(
  name: string,
  elsewhere: Elsewhere,
  stream: Partial<SyntheticStream> = {},
  seed = 7,
): VantageRecording {
  const { streams } = syntheticRecording({ seed, streams: [{ name: 'vote', ...stream }] });
  const there = (times: Float64Array) => times.map((at) => onItsClock(elsewhere, at));
  const { way } = elsewhere;
  return {
    name,
    streams: streams.map((one) => ({ ...one, due: there(one.due), sent: there(one.sent), done: there(one.done) })),
    exchanges: Array.from({ length: 60 }, (_, second) => ({
      asked: second * 1000,
      at: onItsClock(elsewhere, second * 1000 + way.there),
      heard: second * 1000 + way.there + way.back,
    })),
    damages: [],
  };
}

/** A run of which a computer of its own says how its prober ended. */
function run(vantages: VantageRecording[], { ended = true, local = {} as Partial<SyntheticStream> } = {}): Recording {
  const recording = syntheticRecording({ streams: [{ name: 'vote', ...local }] });
  const prober = recording.events.find((event) => event.kind === 'prober');
  assert.ok(prober?.kind === 'prober' && prober.report);
  const { report, at } = prober;
  const countOf = ({ streams }: VantageRecording) => Object.fromEntries(streams.map(({ spec, n }) => [spec.name, n]));
  const ends = vantages.map((one) => ({
    kind: 'vantage' as const,
    at,
    vantage: one.name,
    ...(ended
      ? { report: { ...report, scheduled: countOf(one), recorded: countOf(one) } }
      : { report: null, error: 'ssh ops@w1: the connection ended with code 255' }),
  }));
  return {
    ...recording,
    meta: { ...recording.meta, vantages: Object.fromEntries(vantages.map(({ name }) => [name, `ssh ops@${name}`])) },
    events: [...recording.events, ...ends],
    vantages,
  };
}

const CUT = { trouble: [{ from: 1000, to: 9000, error: 'unreachable' as const }] };
const SAME: Elsewhere = { offset: 0, drift: 0, way: QUICK };

test('of two vantages, the outage is that of the one that is cut off, and of nobody else', () => {
  const recording = run([
    seenFrom('inside', { ...SAME, offset: 3000 }),
    seenFrom('outside', { ...SAME, offset: 2 * HOUR, drift: 0.0002 }, CUT),
  ]);
  const findings = judge(recording);
  const [inside, outside] = findings.vantages!;
  assert.equal(findings.verdict, 'pass');
  assert.deepEqual(findings.streams[0]!.outages, []);
  assert.deepEqual(inside!.streams[0]!.outages, []);
  assert.equal(inside!.streams[0]!.ttsr.ms, 0);
  assert.equal(outside!.streams[0]!.outages.length, 1);
  assert.ok(
    [inside, outside].every((one) => one!.checks.every(({ verdict }) => verdict === 'pass') && one!.lost === undefined),
  );
  assert.equal(outside!.place, 'ssh ops@outside');
});

test('the true edges lie within the brackets, however far apart and unlike the clocks and the ways are', () => {
  const ms = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const elsewhere = fc.record({
    offset: ms(0, 100 * HOUR),
    drift: ms(-0.0005, 0.0005),
    way: fc.record({ there: ms(0, 200), back: ms(0, 200) }),
  });
  fc.assert(
    fc.property(elsewhere, ms(0, 8000), ms(300, 9000), fc.nat(), (one, from, length, seed) => {
      const trouble = [{ from, to: from + length, error: 'refused' as const }];
      const [found] = judge(run([seenFrom('outside', one, { trouble }, seed)])).vantages!;
      const [{ tte, ttfs, outages }] = found!.streams as [NonNullable<typeof found>['streams'][number]];
      const inside = (value: number, bracket = { from: Infinity, to: -Infinity }) =>
        assert.ok(bracket.from <= value && value <= bracket.to, `${value} outside ${JSON.stringify(bracket)}`);
      assert.equal(outages.length, 1);
      inside(T0 + from, outages[0]!.start);
      inside(T0 + from + length, outages[0]!.end);
      inside(length, { from: outages[0]!.inner, to: outages[0]!.outer });
      inside(from, tte.bracket);
      inside(from + length, ttfs.bracket);
      assert.ok(found!.clock!.error <= (one.way.there + one.way.back) / 2 + 5.1);
    }),
    { numRuns: 60 },
  );
});

test('a vantage that is lost is not known from then on: no outage, and recovery is censored', () => {
  const whole = seenFrom('outside', { ...SAME, offset: 5000 }, CUT);
  const lostAt = T0 + 5000;
  const cut = { ...whole, streams: whole.streams.map((one) => before(one, lostAt + 5000)) };
  const [healthy] = judge(
    run(
      [{ ...seenFrom('inside', SAME), streams: seenFrom('inside', SAME).streams.map((one) => before(one, lostAt)) }],
      { ended: false },
    ),
  ).vantages!;
  assert.deepEqual(healthy!.streams[0]!.outages, []);
  assert.ok(Math.abs(healthy!.until! - lostAt) <= 50);
  assert.match(healthy!.lost!, /code 255/);
  const [dark] = judge(run([cut], { ended: false })).vantages!;
  assert.equal(dark!.streams[0]!.outages[0]!.open, true);
  assert.ok(dark!.streams[0]!.ttsr.beyond! < 5000);
});

test('what a vantage saw it saw, also when the prober here had died', () => {
  const late = { trouble: [{ from: 10_000, to: 18_000, error: 'refused' as const }] };
  const recording = run([seenFrom('outside', { ...SAME, offset: 5000 }, late)]);
  const [alive] = judge(recording).vantages!;
  const [dead] = judge({
    ...recording,
    events: recording.events.filter(({ kind }) => kind !== 'prober'),
    streams: recording.streams.map((one) => before(one, T0 + 8000)),
  }).vantages!;
  assert.equal(dead!.streams[0]!.outages.length, 1);
  assert.deepEqual(dead!.streams, alive!.streams);
});

test('what was in flight when it was lost begins what is not known, whatever later requests had been answered', () => {
  const whole = seenFrom('outside', SAME);
  const missing = whole.streams[0]!.seq.findIndex((seq) => seq * 50 > T0 + 3000);
  const [one] = whole.streams;
  const keep = Array.from({ length: one!.n }, (_, i) => i).filter(
    (i) => i < missing || (i > missing && i < missing + 10),
  );
  const pick = <T extends { [i: number]: number }>(from: T, make: (values: number[]) => T) =>
    make(keep.map((i) => from[i]!));
  const floats = (values: number[]) => Float64Array.from(values);
  const gap = {
    ...one!,
    n: keep.length,
    seq: pick(one!.seq, (values) => Uint32Array.from(values)),
    due: pick(one!.due, floats),
    sent: pick(one!.sent, floats),
    done: pick(one!.done, floats),
  };
  const [found] = judge(run([{ ...whole, streams: [gap] }], { ended: false })).vantages!;
  assert.ok(found!.until! <= one!.due[missing]! + 5);
  assert.deepEqual(found!.streams[0]!.outages, []);
});

test('one that never began, was lost before the fault, or whose clock was set proves nothing, and the run is as good as before', () => {
  const whyOf = (recording: Recording) => {
    const findings = judge(recording);
    assert.equal(findings.verdict, 'pass');
    return findings
      .vantages![0]!.checks.filter(({ verdict }) => verdict !== 'pass')
      .map(({ observed }) => observed)
      .join('; ');
  };
  const whole = seenFrom('outside', SAME);
  assert.match(
    whyOf(run([{ ...whole, streams: [], exchanges: [] }], { ended: false })),
    /nothing was probed from there: ssh.*255/,
  );
  const early = { ...whole, streams: whole.streams.map((one) => before(one, T0 - 500)) };
  assert.match(whyOf(run([early], { ended: false })), /lost before the fault/);
  const none = { ...whole, streams: whole.streams.map((one) => before(one, 0)) };
  assert.match(whyOf(run([none], { ended: false })), /nothing was probed from there/);
  const set = {
    ...whole,
    exchanges: whole.exchanges.map((one) => (one.asked < 30_000 ? one : { ...one, at: one.at + 100 })),
  };
  assert.match(whyOf(run([set])), /it was set, or stood still/);
  assert.equal(judge(run([set])).vantages![0]!.clock, undefined, 'nothing is known of it');
});
