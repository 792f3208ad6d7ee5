import path from 'node:path';
import { defineConfig } from '@playwright/test';

/** Makes Allure results of the sample recordings, as the scenario runner does of runs. Started by `npm run pictures`. */
export default defineConfig({
  testDir: import.meta.dirname,
  testMatch: 'recordings.spec.ts',
  outputDir: path.join(process.env.PICTURES_FOLDER ?? '.brownout', 'test-results'),
  reporter: [
    [
      'allure-playwright',
      { resultsDir: path.join(process.env.PICTURES_FOLDER ?? '.brownout', 'allure-results'), detail: true },
    ],
  ],
});
