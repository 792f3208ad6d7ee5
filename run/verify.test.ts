import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recorder } from '../recording/recorder.ts';
import type { RunEvent } from '../recording/recording.ts';
import type { Stage } from './plan.ts';
import { idsOf, verifyWrites } from './verify.ts';

test('a stream is told its own writes, though the name of another begins like its name', () => {
  const prefixes = ['r-vote-', 'r-vote-1-', 'r-vote.reused-'];
  const found = ['r-vote-1', 'r-vote-12', 'r-vote-1-2', 'r-vote-1-12'];
  assert.deepEqual(idsOf('r-vote-', found, prefixes), ['r-vote-1', 'r-vote-12']);
  assert.deepEqual(idsOf('r-vote-1-', ['r-vote-1-2', 'r-vote-1-12'], prefixes), ['r-vote-1-2', 'r-vote-1-12']);
});

/** A stage of which only what is asked is there. */
const stageOf = (workload: object) =>
  ({
    streams: [{ name: 'vote', writes: true, idPrefix: 'r-vote-' }],
    workload,
    namespace: 'x',
    platform: {},
  }) as unknown as Stage;

test('who interrupts a run waits for no queue and no read-back, and nothing is called lost', async () => {
  const events: Pick<RunEvent, 'kind'>[] = [];
  const recorder = { record: (event: RunEvent) => events.push(event) } as unknown as Recorder;
  const never = () => new Promise<never>(() => {});
  const interrupted = new AbortController();
  const settling = verifyWrites(stageOf({ backlog: async () => 0, readBack: never }), recorder, 1, interrupted.signal);
  // The queue is empty at once; what left it last is given two seconds.
  setTimeout(() => interrupted.abort(), 50);
  await settling;
  assert.deepEqual(events, []);

  const later = new AbortController();
  const reading = verifyWrites(stageOf({ readBack: never }), recorder, 1, later.signal);
  setTimeout(() => later.abort(), 50);
  await reading;
  assert.deepEqual(events, [], 'its writes were never looked for');
});
