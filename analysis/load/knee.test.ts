import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LoadSecond } from '../../recording/recording.ts';
import { seeded } from '../../units/random.ts';
import { kneeOf } from './knee.ts';

interface Service {
  /** Requests that it answers in a second. */
  capacity: number;
  /** How long one takes when nobody waits, ms. */
  takes: number;
  /** After it was overloaded it answers this share of them, for good. */
  broken?: number;
  timeout?: number;
  seed?: number;
}

/** A queue in front of a service, a second at a time: what waits longer than its timeout is not answered. */
function answers(rates: number[], { capacity, takes, broken = 1, timeout = 900, seed = 1 }: Service): LoadSecond[] {
  const random = seeded(seed);
  let waiting = 0;
  let now = capacity;
  return rates.map((rate, second) => {
    const able = now * (0.97 + random() * 0.06);
    const before = (waiting / able) * 1000;
    waiting = Math.max(0, Math.min(waiting + rate - able, (able * timeout) / 1000));
    const after = (waiting / able) * 1000;
    if (after >= timeout && broken < 1) now = capacity * broken;
    const wait = Math.max(before, after);
    const ok = Math.round(wait >= timeout * 0.98 ? Math.min(rate, able) : rate);
    const p99 = takes * (1 + random()) + wait;
    const spike = random() < 0.05 ? 80 * random() : 0;
    return {
      at: second * 1000,
      offered: rate,
      sent: rate,
      ok,
      failed: rate - ok,
      dropped: 0,
      p50: takes + wait / 2,
      p95: p99 * 0.9,
      p99: p99 + spike,
      max: p99 + spike,
      errors: {},
    };
  });
}

const ramp = (to: number, seconds: number) =>
  Array.from({ length: seconds }, (_, second) => Math.round((to * (second + 0.5)) / seconds));
const upAndDown = (to: number, seconds: number) => [...ramp(to, seconds), ...ramp(to, seconds).reverse()];

test('a ramp to twice what a service can take: the knee is there, within 15 %, whatever the noise', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 5000 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat(),
      (capacity, takes, seed) => {
        const knee = kneeOf(answers(upAndDown(2 * capacity, 60), { capacity, takes, seed }));
        assert.ok(knee?.bend, JSON.stringify(knee));
        assert.ok(knee.bend.from <= knee.bend.rate && knee.bend.rate <= knee.bend.to);
        assert.ok(Math.abs(knee.bend.rate / capacity - 1) < 0.15, `${knee.bend.rate} of ${capacity}`);
        assert.ok(knee.best > 0.9 * capacity && knee.best < 1.3 * capacity, `${knee.best} of ${capacity}`);
      },
    ),
    { numRuns: 200 },
  );
});

test('it came back when the load fell, or it did not', () => {
  const service = { capacity: 1000, takes: 5 };
  const { back } = kneeOf(answers(upAndDown(2000, 60), service))!;
  assert.ok(back && back.waited < 12_000, JSON.stringify(back));
  assert.equal(kneeOf(answers(upAndDown(2000, 60), { ...service, broken: 0.01 }))?.back, null);
  assert.equal(kneeOf(answers(ramp(2000, 60), service))?.back, undefined, 'it never fell');
  const rise = answers(ramp(2000, 60), service);
  const fell = (...served: boolean[]) =>
    kneeOf([
      ...rise,
      ...served.map((isServed, i) => ({ ...rise[5]!, at: (60 + i) * 1000, p99: isServed ? rise[5]!.p99 : 900 })),
    ]);
  assert.ok(fell(true, true, true, true)?.back);
  assert.equal(fell(false, false, false, false)?.back, null);
  assert.equal(fell(false, false, true, true)?.back, undefined, 'two good seconds at the end say neither');
  assert.equal(fell(true, false, true, true)?.back, undefined, 'one slow second is no outage without an end');
});

test('a load that is served to its peak has no knee, and one that stays as it is is no ramp', () => {
  assert.deepEqual(kneeOf(answers(upAndDown(900, 30), { capacity: 1000, takes: 5 })), { peak: 885, best: 885 });
  assert.equal(kneeOf(answers(new Array(60).fill(500), { capacity: 1000, takes: 5 })), undefined);
  assert.equal(kneeOf([]), undefined);
  // The first second is a part of one.
  assert.equal(kneeOf(answers([200, ...new Array(60).fill(500)], { capacity: 1000, takes: 5 })), undefined);
});

test('failures that do not go with the rate are no knee', () => {
  const seconds = answers(ramp(1000, 60), { capacity: 2000, takes: 5 });
  const scattered = seconds.map((second, index) =>
    index % 2 === 0 ? second : { ...second, ok: 0, failed: second.sent },
  );
  assert.match(kneeOf(scattered)?.unclear ?? '', /same rates/);
  const late = seconds.map((second, index) => (index < 58 ? second : { ...second, ok: 0, failed: second.sent }));
  assert.match(kneeOf(late)?.unclear ?? '', /too few seconds/);
  const never = seconds.map((second) => ({ ...second, ok: 0, failed: second.sent }));
  assert.match(kneeOf(never)?.unclear ?? '', /already at/);
});

test('what was served and then was not, while the rate stayed or fell, has no knee', () => {
  const service = { capacity: 5000, takes: 5 };
  const gone = (from: number) => (second: LoadSecond, index: number) =>
    index < from ? second : { ...second, ok: 0, failed: second.sent };
  const rest = (seconds: number, jitter: number) =>
    Array.from({ length: seconds }, (_, second) => 1000 + (second % 2 === 0 ? jitter : -jitter));
  for (const jitter of [0, 2])
    for (const moment of [70, 71, 85]) {
      const seconds = answers([...ramp(1000, 60), ...rest(40, jitter)], service).map(gone(moment));
      assert.match(kneeOf(seconds)?.unclear ?? '', /at the same rate/, `${moment}, ${jitter}`);
    }
  const peaks = [...ramp(1000, 30), ...rest(10, 0), ...new Array(10).fill(200), ...ramp(1000, 30)];
  assert.match(kneeOf(answers(peaks, service).map(gone(45)))?.unclear ?? '', /at the same rate/);
  // A slow ramp of which a second has a request less than the one before.
  const slow = Array.from({ length: 1800 }, (_, second) => 100 + Math.round(second / 2) + (second % 2 === 0 ? 2 : -2));
  const { bend } = kneeOf(answers(slow, service).map(gone(801)))!;
  assert.ok(
    bend && bend.from <= bend.rate && bend.rate <= bend.to && Math.abs(bend.rate - 500) < 5,
    JSON.stringify(bend),
  );
});

test('where the engine itself could not send what fell due, the bend is not that of the service', () => {
  const seconds = answers(ramp(1000, 60), { capacity: 2000, takes: 5 });
  const limited = seconds.map((second) => {
    const sent = Math.min(second.offered, 500);
    return {
      ...second,
      sent,
      ok: sent,
      dropped: second.offered - sent,
      p99: sent === 500 ? 400 : second.p99,
      lateness: sent === 500 ? 395 : 1,
    };
  });
  assert.match(kneeOf(limited)?.unclear ?? '', /engine itself/);
  // Beyond the bend it may drop what it likes.
  const overloaded = answers(ramp(2000, 60), { capacity: 1000, takes: 5 });
  const dropping = overloaded.map((second) => ({ ...second, sent: second.ok, failed: 0, dropped: second.failed }));
  assert.ok(kneeOf(dropping)?.bend, JSON.stringify(kneeOf(dropping)));
});

/** So many of the requests of some seconds were dropped for that reason. */
const dropping = (seconds: LoadSecond[], share: number, reason: string, isOne: (index: number) => boolean) =>
  seconds.map((second, index) => {
    if (!isOne(index)) return second;
    const dropped = Math.round(second.offered * share);
    const [sent, ok] = [second.sent - dropped, Math.min(second.ok, second.sent - dropped)];
    return { ...second, sent, ok, failed: sent - ok, dropped, drops: { [reason]: dropped } };
  });

test('a bend where the engine itself begins to drop is its own, unless it drops because nobody answers', () => {
  const seconds = answers(ramp(2000, 60), { capacity: 1000, takes: 5 });
  const bend = (reason: string) => kneeOf(dropping(seconds, 0.4, reason, (index) => index >= 29));
  for (const reason of ['late', 'stalled', 'memory', 'EMFILE'])
    assert.match(bend(reason)?.unclear ?? '', /engine itself/, reason);
  assert.ok(bend('under way')?.bend);
});

test('a ramp whose highest rates the engine did not send has not shown that they are served', () => {
  const seconds = answers(ramp(6000, 60), { capacity: 10_000, takes: 5 });
  const top = dropping(seconds, 0.5, 'late', (index) => index >= 48 && index < 59);
  assert.match(kneeOf(top)?.unclear ?? '', /engine itself/);
});

/** After a rise to twice the capacity: so many seconds each at that rate, served or not. */
function after(...falls: { rate: number; seconds: number; served?: boolean | ((index: number) => boolean) }[]) {
  const rise = answers(ramp(2000, 60), { capacity: 1000, takes: 5 });
  const rest = falls.flatMap(({ rate, seconds, served = true }) =>
    Array.from({ length: seconds }, (_, index) => {
      const ok = (typeof served === 'function' ? served(index) : served) ? rate : 0;
      return { ...rise[5]!, offered: rate, sent: rate, ok, failed: rate - ok };
    }),
  );
  return [...rise, ...rest].map((second, index) => ({ ...second, at: index * 1000 }));
}

test('whether it comes back shows at rates below the knee, not at those above it that follow', () => {
  const { back } = kneeOf(after({ rate: 200, seconds: 6 }, { rate: 1800, seconds: 30, served: false }))!;
  assert.deepEqual(back, { waited: 0, rate: 200 });
  // A fall that passes the knee with a request more or less from second to second.
  const jitter = [1002, 998, 1001, 997].map((rate) => ({ rate, seconds: 1, served: false }));
  assert.ok(kneeOf(after(...jitter, { rate: 900, seconds: 3, served: false }, { rate: 200, seconds: 10 }))?.back);
});

test('why it is not known whether it comes back is said as it is', () => {
  const unseen = (...falls: Parameters<typeof after>) => kneeOf(after(...falls))?.unseen;
  assert.match(unseen() ?? '', /never fell below/);
  assert.match(unseen({ rate: 200, seconds: 2 }) ?? '', /too short/);
  assert.match(unseen({ rate: 200, seconds: 20, served: (index) => index % 2 === 0 }) ?? '', /in turn/);
  assert.match(unseen({ rate: 200, seconds: 20, served: (index) => index > 17 }) ?? '', /last moments/);
  const lost = kneeOf(dropping(after({ rate: 200, seconds: 20 }), 0.95, 'late', (index) => index >= 60));
  assert.deepEqual(
    [lost?.back, lost?.unseen],
    [undefined, 'the engine itself did not send what fell due below that rate'],
  );
});
