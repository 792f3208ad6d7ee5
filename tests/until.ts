import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again until it is so: how long a busy machine takes is not what is tested, only that it comes within `timeout` ms. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, timeout = 60_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `not so after ${timeout / 1000} s: ${what}`);
    await sleep(100);
  }
}
