/** A short piece of `npm run fuzz`: the same cases each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, tell } from '../fuzz.ts';

const COUNTS = { files: 100, recordings: 40, journals: 200, answers: 20 };

for (const [part, count] of Object.entries(COUNTS)) {
  test(`${count} damaged or hostile ${part}: each is as good as others, or its mistake is told`, async () => {
    const { tried, findings } = await fuzz({ seed: 1, part, count });
    assert.equal(findings.map(tell).join('\n'), '');
    assert.equal(tried, count);
  });
}
