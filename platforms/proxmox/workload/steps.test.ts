import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inTurns, Steps } from './steps.ts';

const open = () => Promise.withResolvers<void>();

it('says who is at what', async () => {
  const steps = new Steps(undefined);
  const [a, b, c] = [open(), open(), open()];
  const all = [
    steps.take('vote-1', 'boots', () => a.promise),
    steps.take('db-1', 'is made', () => b.promise),
    steps.take('vote-2', 'boots', () => c.promise),
  ];
  assert.equal(steps.text(), 'vote-1, vote-2 (boots); db-1 (is made)');
  a.resolve();
  await all[0];
  assert.equal(steps.text(), 'db-1 (is made); vote-2 (boots)');
  b.resolve();
  c.resolve();
  await steps.end(all);
  assert.equal(steps.text(), '');
});

it('after a failure begins nothing more, ends what is under way, and throws the first', async () => {
  const steps = new Steps(undefined);
  const slow = open();
  let ended = false;
  const all = [
    steps.take('a', 'boots', () => slow.promise).then(() => (ended = true)),
    steps.take('b', 'boots', () => Promise.reject(new Error('first'))),
  ];
  await assert.rejects(all[1]!, /first/);
  all.push(steps.take('c', 'boots', () => Promise.reject(new Error('must not begin'))));
  setTimeout(() => slow.resolve(), 20);
  await assert.rejects(steps.end(all), /first/);
  assert.equal(ended, true);
});

it('lets so many work at once, in their order', async () => {
  const turn = inTurns(2);
  const gates = [open(), open(), open()];
  const begun: number[] = [];
  const all = gates.map(({ promise }, index) =>
    turn(() => {
      begun.push(index);
      return promise;
    }),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);
  gates[1]!.resolve();
  await all[1];
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of gates) resolve();
  await Promise.all(all);
});

it('tells what is waited for every few seconds, when it is something new', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: string[] = [];
  const steps = new Steps((waitingFor) => told.push(waitingFor));
  const [boot, files] = [open(), open()];
  const all = [steps.take('db-1', 'boots', () => boot.promise)];
  t.mock.timers.tick(6_000);
  assert.deepEqual(told, ['db-1 (boots)']);
  boot.resolve();
  await all[0];
  all.push(steps.take('db-1', 'gets its files', () => files.promise));
  t.mock.timers.tick(3_000);
  assert.deepEqual(told, ['db-1 (boots)', 'db-1 (gets its files)']);
  files.resolve();
  await steps.end(all);
  t.mock.timers.tick(30_000);
  assert.equal(told.length, 2);
});
