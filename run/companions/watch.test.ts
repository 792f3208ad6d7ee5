import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompanionRun } from './companion.ts';
import { watch } from './watch.ts';

test('a watch that breaks is told, and the run goes on', async () => {
  const recorded: object[] = [];
  const platform = {
    async *watch() {
      yield { kind: 'other', text: 'first' };
      throw new TypeError('no items');
    },
  };
  const run = { stage: { platform, namespace: 'ns' }, recorder: { record: (event: object) => recorded.push(event) } };
  const running = await watch.start(run as unknown as CompanionRun);
  // Nobody waits for it yet: an unhandled rejection would end the process.
  await new Promise((resolve) => setImmediate(resolve));
  await running.stop();
  assert.deepEqual(recorded, [
    { kind: 'platform', event: { kind: 'other', text: 'first' } },
    { kind: 'warning', text: "The platform's events were not followed to the end: no items" },
  ]);
});
