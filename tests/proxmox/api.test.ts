import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from '../proxmox-api/replay.ts';

// What Proxmox VE answered to 493 requests, healthy, in outages and without a majority, the lab's API answers: status, reason phrase,
// type, keys and kinds of values. `npm run conformance:api` prints what is not so, and why.
test('the recorded answers are the lab’s, but for what it does not have', { timeout: 120_000 }, async () => {
  const compared = await replay();
  assert.equal(compared.length, 493);
  assert.deepEqual(
    compared.filter(({ apart, left }) => apart.length > 0 && !left),
    [],
  );
  assert.ok(compared.filter(({ left }) => !left).length >= 470);
});
