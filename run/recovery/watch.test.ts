import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { StreamSpec } from '../../probes/probe.ts';
import { SampleEncoder, SLOT } from '../../probes/samples.ts';
import { RecoveryWatch } from './watch.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'recovery-'));
after(() => rmSync(folder, { recursive: true }));

const EVERY = 20;
const STEADY = 10_000;
const spec: StreamSpec = {
  name: 'vote',
  kind: 'http',
  target: 'http://10.0.0.1',
  every: EVERY,
  timeout: 900,
  connection: 'new',
  writes: false,
  idPrefix: '',
  options: {},
};

/** A file of samples that grows as the run goes on; requests fail between t₀ and `recovered`, and from `again` on. */
function growing(t0: number, recovered: number, again = Infinity) {
  const file = path.join(folder, `${t0}-${recovered}.bin`);
  writeFileSync(file, SampleEncoder.header('0', [spec]));
  const encoder = new SampleEncoder();
  let seq = 0;
  return {
    file,
    until(time: number) {
      for (; seq * EVERY + 5 < time; seq++) {
        const due = seq * EVERY;
        const bad = (due >= t0 && due < recovered) || due >= again;
        const answer = bad
          ? ({ outcome: 'fail', error: 'refused' } as const)
          : ({ outcome: 'ok', error: 'none' } as const);
        encoder.add(0, seq, due, due, due + 4, { ...answer, status: 0, instance: `i-${seq % 3}` });
      }
      appendFileSync(file, encoder.take());
    },
  };
}

/** Bytes read at the first look, and at each of the twenty after it. */
function bytesReadAfter(hold: number): { first: number; later: number[] } {
  const t0 = 20_000;
  const samples = growing(t0, t0 + hold);
  samples.until(t0 + hold);
  const watch = new RecoveryWatch(samples.file, t0, STEADY);
  const read: number[] = [];
  for (let second = 1; second <= 21; second++) {
    const before = watch.bytesRead;
    samples.until(t0 + hold + second * 1000);
    watch.unstable(t0 + hold + second * 1000);
    read.push(watch.bytesRead - before);
  }
  watch.close();
  return { first: read[0]!, later: read.slice(1) };
}

test('what a look reads is what is new, however long the run has lasted', () => {
  const [short, long] = [bytesReadAfter(60_000), bytesReadAfter(3_600_000)];
  const second = (1000 / EVERY) * SLOT;
  for (const bytes of [...short.later, ...long.later]) assert.equal(bytes, second);
  // The first look also finds its place: by halves.
  assert.ok(long.first < short.first + 20 * 64 * SLOT * 3, `${short.first} and ${long.first} bytes`);
});

test('it sees the recovery once a whole window was good, and not before', () => {
  const t0 = 20_000;
  const samples = growing(t0, t0 + 30_000);
  samples.until(t0 + 20_000);
  const watch = new RecoveryWatch(samples.file, t0, STEADY);
  const seen: number[] = [];
  for (let at = t0 + 21_000; at < t0 + 60_000; at += 1000) {
    samples.until(at);
    if (watch.unstable(at).length === 0) seen.push(at);
  }
  watch.close();
  // The window, its last probes' time to be decided, and the next look.
  assert.equal(seen[0], t0 + 30_000 + 12_000);
  assert.equal(seen.length, 18);
});

test('a record that is half written is read when it is whole, and a damaged one costs no more than itself', () => {
  const t0 = 20_000;
  const samples = growing(t0, t0);
  samples.until(t0 + 15_000);
  const damage = Buffer.alloc(SLOT, 1);
  appendFileSync(samples.file, damage.subarray(0, 10));
  const watch = new RecoveryWatch(samples.file, t0, STEADY);
  assert.deepEqual(watch.unstable(t0 + 15_000), []);
  appendFileSync(samples.file, damage.subarray(10));
  samples.until(t0 + 30_000);
  assert.deepEqual(watch.unstable(t0 + 30_000), []);
  watch.close();
});

test('one good window is enough, wherever between two looks it begins, and whatever comes after it', () => {
  for (const begins of [0, 250, 500, 980]) {
    const t0 = 20_000;
    // Good for little more than a window, and then never again.
    const samples = growing(t0, t0 + 10_000 + begins, t0 + 20_300 + begins);
    samples.until(t0);
    const watch = new RecoveryWatch(samples.file, t0, STEADY);
    let unstable = ['vote'];
    for (let at = t0 + 1000; at <= t0 + 30_000; at += 1000) {
      samples.until(at);
      unstable = watch.unstable(at);
    }
    watch.close();
    assert.deepEqual(unstable, [], `${begins} ms after a look`);
  }
});

test('what was good before healing says nothing of what healing breaks: a window since then is waited for', () => {
  const t0 = 20_000;
  const healed = t0 + 30_000;
  const samples = growing(healed + 4000, healed + 40_000);
  samples.until(healed);
  const watch = new RecoveryWatch(samples.file, t0, STEADY, healed);
  const seen: number[] = [];
  for (let at = healed + 1000; at < healed + 60_000; at += 1000) {
    samples.until(at);
    if (watch.unstable(at).length === 0) seen.push(at - healed);
  }
  watch.close();
  assert.equal(seen[0], 40_000 + 12_000);
});
