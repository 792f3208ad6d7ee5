import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticRecording } from '../../tests/synthetic.ts';
import { judge } from '../judge.ts';
import { notYetStable } from './stable.ts';

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
  const waiting = (at: number) => notYetStable(until(at), T0, 10_000, T0 + at);
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

test('without samples nothing has recovered', () => {
  assert.deepEqual(
    notYetStable(
      until(0).map((stream) => ({ ...stream, n: 0 })),
      T0,
      10_000,
      T0,
    ),
    ['vote', 'result'],
  );
});
