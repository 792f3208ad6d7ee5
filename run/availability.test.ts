import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProberTick } from '../probes/prober/plan.ts';
import type { StopCondition } from '../scenarios/scenario.ts';
import { Availability } from './availability.ts';

const tick = (ok: number, fail = 0) => ({ streams: { vote: { ok, fail, indeterminate: 0 } } }) as unknown as ProberTick;
const never = new AbortController().signal;

test('it is good once a whole window from now on was', async () => {
  const availability = new Availability(['vote'], [], () => assert.fail());
  for (let second = 0; second < 3; second += 1) availability.add(tick(20));
  let good: boolean | undefined;
  const waiting = availability.goodFor(2000, 60_000, never).then((is) => {
    good = is;
  });
  availability.add(tick(20));
  await Promise.resolve();
  assert.equal(good, undefined, 'what was good before does not count');
  availability.add(tick(20));
  await waiting;
  assert.equal(good, true);
});

test('waiting ends when there will be no more ticks, on abort, and on timeout', async () => {
  const availability = new Availability(['vote'], [], () => assert.fail());
  assert.equal(await availability.goodFor(1000, 0, never), false);
  const stop = new AbortController();
  const aborted = availability.goodFor(1000, 60_000, stop.signal);
  stop.abort();
  assert.equal(await aborted, false);
  const ended = availability.goodFor(1000, 60_000, never);
  availability.end();
  assert.equal(await ended, false);
});

test('a stop condition is met when its window is full and too little was ok', () => {
  const met: string[] = [];
  const condition = { text: 'vote below 50%', stream: 'vote', window: 2000, below: 0.5 } as StopCondition;
  const availability = new Availability(['vote'], [condition], ({ text }) => met.push(text));
  availability.add(tick(0, 20));
  assert.deepEqual(met, []);
  assert.equal(availability.describe(2000), 'vote not measured yet');
  availability.add(tick(10, 10));
  assert.deepEqual(met, ['vote below 50%']);
  assert.equal(availability.describe(2000), 'vote 25.00 % ok');
});
