import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProberTick } from '../../probes/prober/plan.ts';
import type { StopCondition } from '../../scenarios/scenario.ts';
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

test('what was wrong before the fault stops no run, however long the window is', () => {
  const met: string[] = [];
  const condition = { text: 'below 90% for 4s', stream: 'vote', window: 4000, below: 0.9 } as StopCondition;
  const availability = new Availability(['vote'], [condition], ({ text }) => met.push(text));
  for (const fail of [20, 20, 20, 0]) availability.add(tick(20 - fail, fail));
  met.length = 0;
  availability.harmed();
  for (const fail of [0, 0, 0, 1]) availability.add(tick(20 - fail, fail));
  assert.deepEqual(met, []);
  // A stop does not wait for a whole window of trouble.
  availability.add(tick(0, 20));
  assert.deepEqual(met, ['below 90% for 4s']);
});

test('what is in the way is told once it stays, again when it changes, and counted at the end', async () => {
  const availability = new Availability(['vote', 'result'], [], () => assert.fail());
  const told: string[] = [];
  const stop = new AbortController();
  const waiting = availability.goodFor(5000, 60_000, stop.signal, (text) => told.push(text));
  const second = async (vote: Record<string, number>) => {
    const fail = Object.values(vote).reduce((a, b) => a + b, 0);
    const streams = {
      vote: { ok: 0, fail, indeterminate: 0, reasons: vote },
      result: { ok: 20, fail: 0, indeterminate: 0 },
    };
    availability.add({ streams } as unknown as ProberTick);
    await new Promise(setImmediate);
  };
  const moved = 'status 301 to https://vip/';
  await second({ 'connection refused': 20 });
  await second({ 'connection refused': 1, [moved]: 19 });
  assert.deepEqual(told, [], 'things start up');
  for (let i = 0; i < 4; i++) await second({ [moved]: 20 });
  assert.deepEqual(told, [`vote: ${moved}`]);
  for (let i = 0; i < 3; i++) await second({ 'TLS: CERT_HAS_EXPIRED': 20 });
  assert.deepEqual(told, [`vote: ${moved}`, 'vote: TLS: CERT_HAS_EXPIRED']);
  stop.abort();
  assert.equal(await waiting, false);
  assert.equal(
    availability.describe(4000),
    `vote 0.00 % ok (60 × TLS: CERT_HAS_EXPIRED, 20 × ${moved}), result 100.00 % ok`,
  );
});

test('that nobody tells any more what users get is noticed: at once where the prober has ended, and otherwise after a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      t.mock.timers.tick(1000);
      await new Promise(setImmediate);
    }
  };
  const availability = new Availability(['vote'], [], () => assert.fail());
  const { signal } = new AbortController();
  let isSilent = false;
  const waiting = availability.silent(3, signal).then((silent) => (isSilent = silent));
  await pass(12);
  availability.add(tick(20, 0));
  await pass(14);
  assert.ok(!isSilent);
  await pass(2);
  assert.ok(await waiting);
  const second = availability.silent(3, signal);
  availability.end();
  assert.ok(await second);
  const aborted = AbortSignal.abort();
  assert.ok(!(await new Availability(['vote'], [], () => {}).silent(3, aborted)));
});
