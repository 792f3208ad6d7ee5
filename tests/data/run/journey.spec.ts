import path from 'node:path';
import { expect } from '@playwright/test';
import { test } from '../../../fixtures/test.ts';

test('a journey that fails although the scenario passes', async ({ brownout }) => {
  const scenario = path.join(import.meta.dirname, 'member-kill.yaml');
  await brownout.run(scenario, async ({ reached }) => {
    await reached('hold');
    expect('what the user sees').toBe('what the user wants');
  });
});
