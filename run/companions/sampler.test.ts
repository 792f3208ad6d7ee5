import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClock } from '../../recording/clock.ts';
import { until } from '../../tests/until.ts';
import type { CompanionRun } from './companion.ts';
import { sampler } from './sampler.ts';

interface Recorded {
  member: string;
  values: Record<string, number> | null;
  error?: string;
}

/** A run whose members answer as `exec` does. */
function runOf(recorded: Recorded[], exec: (member: { id: string }) => Promise<object>, gauges: object): CompanionRun {
  const members = ['a', 'b'].map((id) => ({ id, service: 'web', node: 'n1', state: 'running' }));
  const platform = { members: async () => [...members, { id: 'c', state: 'starting' }], exec };
  const recorder = { record: (event: Recorded) => recorded.push(event), clock: startClock() };
  const stage = { platform, namespace: 'ns', workload: { gauges } };
  return { stage, recorder } as unknown as CompanionRun;
}

test('what instances tell is recorded, counters as rates; one that cannot be asked is recorded as that, and none waits for it', async () => {
  const recorded: Recorded[] = [];
  let requests = 0;
  const exec = async ({ id }: { id: string }) => {
    if (id === 'b') throw new Error('its node is silent');
    requests += 100;
    return { code: 0, stdout: String(requests), stderr: '' };
  };
  // By its own clock two seconds pass between its answers, however late they come.
  const read = (text: string) => ({
    at: Number(text) * 20,
    values: { busy: 3 },
    counters: { 'requests/s': Number(text) },
  });
  const running = await sampler.start(runOf(recorded, exec, { service: 'web', argv: ['status'], read }));
  const of = (id: string) => recorded.filter(({ member }) => member === id);
  await until('an instance has told twice', async () => of('a').length >= 2);
  await running.stop();
  assert.deepEqual(of('a')[0]!.values, { busy: 3 });
  assert.deepEqual(of('a')[1]!.values, { busy: 3, 'requests/s': 50 });
  assert.deepEqual([of('b')[0]!.values, of('b')[0]!.error], [null, 'its node is silent']);
  assert.deepEqual(of('c'), [], 'one that starts is not asked');
});

test('without gauges nobody is asked', async () => {
  const run = { stage: { workload: {} } } as unknown as CompanionRun;
  assert.equal(await (await sampler.start(run)).stop(), undefined);
});
