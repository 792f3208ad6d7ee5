import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareCase, readCases } from '../proxmox-ha/cases.ts';

// What the HA manager of Proxmox VE did in each case, the lab's does: the same events by the same programs in the same order.
const cases = readCases();

test('the recorded cases are there', () => assert.equal(cases.length, 51));

for (const one of cases) {
  test(one.case, async () => {
    const { parting } = await compareCase(one);
    assert.equal(parting, undefined);
  });
}
