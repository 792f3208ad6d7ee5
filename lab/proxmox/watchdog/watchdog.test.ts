import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWatchdog } from './client.ts';
import { WatchdogServer } from './watchdog.ts';

/** 60 s of a real one are 600 ms here. */
const SCALE = 100;

function watchdog(context: TestContext): { path: string; resets: () => number } {
  const folder = mkdtempSync(join(tmpdir(), 'watchdog-'));
  const path = join(folder, 'socket');
  let resets = 0;
  const server = new WatchdogServer(path, SCALE, () => resets++);
  context.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { path, resets: () => resets };
}

test('fed in time, it does nothing; then it resets, once', async (context) => {
  const { path, resets } = watchdog(context);
  const client = openWatchdog(path, () => {});
  for (let fed = 0; fed < 10; fed++) {
    await sleep(100);
    client.feed();
  }
  assert.equal(resets(), 0);
  await sleep(1200);
  assert.equal(resets(), 1);
});

test('closed, it protects no more', async (context) => {
  const { path, resets } = watchdog(context);
  const client = openWatchdog(path, () => {});
  await sleep(50);
  client.close();
  await sleep(1000);
  assert.equal(resets(), 0);
});

test('one that is fed does not keep another alive that is not', async (context) => {
  const { path, resets } = watchdog(context);
  const [fed] = [openWatchdog(path, () => {}), openWatchdog(path, () => {})];
  for (let times = 0; times < 10; times++) {
    await sleep(100);
    fed!.feed();
  }
  assert.equal(resets(), 1);
});
