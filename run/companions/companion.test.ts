import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recorder } from '../../recording/recorder.ts';
import type { Stage } from '../plan.ts';
import { type Companion, Companions } from './companion.ts';

function companions(log: string[], ...all: [name: string, from: Companion['from'], stop?: () => never][]): Companions {
  const recorder = {
    record: (event: object) => log.push(`recorded ${(event as { text: string }).text}`),
  } as unknown as Recorder;
  const made = all.map(
    ([name, from, fail]): Companion => ({
      from,
      async start() {
        log.push(`${name} starts`);
        return {
          async stop() {
            fail?.();
            log.push(`${name} stops`);
            return { kind: 'warning', text: name };
          },
        };
      },
    }),
  );
  return new Companions(made, {
    stage: {} as Stage,
    recorder,
    act: async () => assert.fail(),
    aborted: new AbortController().signal,
  });
}

test('each starts at its time, the last one stops first, and what they report is recorded', async () => {
  const log: string[] = [];
  const all = companions(log, ['prober', 'deployed'], ['watch', 'before deploy']);
  await all.start('before deploy');
  assert.deepEqual(log, ['watch starts']);
  await all.start('deployed');
  await all.stop();
  assert.deepEqual(log.slice(1), ['prober starts', 'prober stops', 'recorded prober', 'watch stops', 'recorded watch']);
});

test('stopped twice, or never started, nothing is reported twice', async () => {
  const log: string[] = [];
  const all = companions(log, ['watch', 'before deploy'], ['prober', 'deployed']);
  await all.start('before deploy');
  await all.stop();
  await all.stop();
  assert.deepEqual(log, ['watch starts', 'watch stops', 'recorded watch']);
});

test('one that cannot be stopped keeps no other from being stopped', async () => {
  const log: string[] = [];
  const fail = () => {
    throw new Error('it hangs');
  };
  const all = companions(log, ['watch', 'before deploy', fail], ['load', 'before deploy']);
  await all.start('before deploy');
  await assert.rejects(all.stop(), /it hangs/);
  assert.deepEqual(log.slice(2), ['load stops', 'recorded load']);
  await all.stop();
  assert.equal(log.length, 4);
});
