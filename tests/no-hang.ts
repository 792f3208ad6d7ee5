/**
 * Loaded into each test file: one whose tests are over, and which is kept alive by what they left open (a server of a test that failed), is ended and has
 * failed. `--test-force-exit` is not for this: it ends a file as soon as the tests are over that it knows, and those that are registered after a top-level
 * `await` are never run, without a word.
 */
import { afterEach, beforeEach } from 'node:test';

/** How long a file may be without a test that runs, ms: to load, and to take down its lab. */
const IDLE = 300_000;

if (process.env.NODE_TEST_CONTEXT !== undefined) {
  let running = 0;
  let endedAt = Number.POSITIVE_INFINITY;
  beforeEach(() => {
    running++;
  });
  afterEach(() => {
    running--;
    endedAt = performance.now();
  });
  setInterval(() => {
    if (running > 0 || performance.now() - endedAt < IDLE) return;
    console.error(
      `${process.argv[1]}: its tests are over, and it does not end: ${process.getActiveResourcesInfo().join(', ')}`,
    );
    process.exit(1);
  }, 5000).unref();
}
