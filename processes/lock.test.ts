import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ifFree, withLock } from './lock.ts';

const name = (what: string) => `test-${what}-${process.pid}`;

test('only one at a time holds a lock, and all get it in the end', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(5);
    inside--;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(name('turns'), 'testing', work)));
  assert.equal(most, 1);
});

test('who waits is told, once, what the holder does', async () => {
  const told: string[] = [];
  const first = withLock(name('told'), 'painting the bridge', () => sleep(200));
  await withLock(
    name('told'),
    'testing',
    async () => {},
    (holder) => told.push(holder),
  );
  await first;
  assert.deepEqual(told, [`painting the bridge (process ${process.pid})`]);
});

test('a failure frees the lock', async () => {
  await assert.rejects(
    withLock(name('failure'), 'failing', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await ifFree(name('failure'), 'testing', async () => 'free'), 'free');
});

test('a lock that is held is not free, and a killed holder holds nothing', async () => {
  const lock = name('killed');
  const holder = execa(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { withLock } from '${import.meta.dirname}/lock.ts';
      await withLock('${lock}', 'holding', () => { console.log('held'); return new Promise((done) => setTimeout(done, 60_000)); });`,
    ],
    { stdin: 'ignore', stderr: 'inherit', reject: false },
  );
  await once(holder.stdout, 'data');
  assert.equal(await ifFree(lock, 'testing', async () => 'free'), undefined);
  holder.kill('SIGKILL');
  await holder;
  assert.equal(await ifFree(lock, 'testing', async () => 'free'), 'free');
});
