import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';
import { neededFor, notYetStable, pacesBefore } from './stable.ts';

const T0 = 12_000;
const recording = syntheticRecording({
  hold: 5000,
  recover: 40_000,
  streams: [
    { name: 'vote', trouble: [{ from: 0, to: 9000, error: 'status' }] },
    { name: 'result', trouble: [{ from: 0, to: 15_000, takes: 90 }] },
  ],
});

/** The samples as they are in the file `at` ms after the fault. */
const until = (at: number) =>
  recording.streams.map((stream) => ({ ...stream, n: stream.done.filter((done) => done < T0 + at).length }));

test('a stream is as good as before once a whole window was, and slow is not good', () => {
  const paces = pacesBefore(recording.streams, T0, 10_000);
  const waiting = (at: number) => notYetStable(until(at), paces, T0, T0 + at);
  assert.deepEqual(waiting(8000), ['vote', 'result']);
  assert.deepEqual(waiting(18_000), ['vote', 'result']);
  assert.deepEqual(waiting(21_000), ['result']);
  assert.deepEqual(waiting(27_000), []);
});

test('a run that stops watching then has its recovery in the findings', () => {
  const at = T0 + 27_000;
  const events = recording.events.map((event) =>
    event.kind === 'phase' && event.phase === 'recover' && event.state === 'end' ? { ...event, at } : event,
  );
  const { streams } = judge({ ...recording, events });
  for (const { ttsr } of streams) assert.notEqual(ttsr.ms, undefined);
});

test('the samples that are needed are enough', () => {
  const paces = pacesBefore(recording.streams, T0, 10_000);
  const reach = neededFor(recording.streams.map(({ spec }) => spec));
  for (let at = 3000; at <= 40_000; at += 500) {
    const all = until(at);
    const part = all.map((stream) => {
      const from = stream.done.findIndex((done) => done >= T0 + at - reach);
      const { seq, due, sent, done, outcome, error } = stream;
      const cut = <T extends Uint8Array | Uint32Array | Float64Array>(one: T) => one.slice(from) as T;
      const rest = {
        seq: cut(seq),
        due: cut(due),
        sent: cut(sent),
        done: cut(done),
        outcome: cut(outcome),
        error: cut(error),
      };
      return { ...stream, ...rest, n: stream.n - from };
    });
    assert.deepEqual(notYetStable(part, paces, T0, T0 + at), notYetStable(all, paces, T0, T0 + at), `${at} ms`);
  }
});

test('without samples nothing has recovered', () => {
  const none = recording.streams.map((stream) => ({ ...stream, n: 0, seq: new Uint32Array() }));
  assert.deepEqual(notYetStable(none, pacesBefore(none, T0, 10_000), T0, T0), ['vote', 'result']);
});
