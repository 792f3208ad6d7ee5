import path from 'node:path';
import { expect } from '@playwright/test';
import { test } from '../../fixtures/test.ts';

// What a person sees while a node dies: the click is taken, and the count on the result page moves.
test('a voter votes while a node dies, and sees the count move', async ({ brownout, browser }) => {
  const scenario = path.join(import.meta.dirname, 'node-kill.yaml');
  await brownout.run(scenario, async ({ entry, reached }) => {
    const [voter, reader] = await Promise.all([browser.newPage(), browser.newPage()]);
    await reader.goto(entry.result!);
    const count = async () =>
      Number.parseInt((await reader.locator('#result span').textContent())?.replace(/\D/g, '') ?? '', 10) || 0;
    await expect.poll(count, { message: 'the result page counts before the fault' }).toBeGreaterThan(0);

    // The node is dead now and the platform may not know it yet: a vote may need a second try, as people do.
    await reached('confirm');
    await expect(async () => {
      await voter.goto(entry.vote!, { timeout: 5000 });
      await voter.getByRole('button', { name: 'Dogs' }).click({ timeout: 5000 });
      await expect(voter.getByText('You voted for Dogs')).toBeVisible({ timeout: 5000 });
    }).toPass({ timeout: 60_000 });

    const before = await count();
    await expect.poll(count, { message: 'the count moves again', timeout: 60_000 }).toBeGreaterThan(before);
    await Promise.all([voter.close(), reader.close()]);
  });
});
