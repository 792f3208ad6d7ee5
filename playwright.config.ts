import { existsSync } from 'node:fs';
import path from 'node:path';
import { defineConfig, type Project } from '@playwright/test';
import { watchFiles } from './files/own.ts';
import { projectPath } from './files/project-path.ts';
import { whenStuck } from './files/stuck.ts';
import type { BrownoutOptions } from './fixtures/test.ts';
import { LONGEST_CLEAN_UP } from './run/injection/inject.ts';
import { readInvocation, send } from './run/invocation/invocation.ts';

/**
 * The scenario runner: one project a cluster file, and one more for each journey on it; one test a scenario file. `brownout run` starts it and says what is
 * wanted; started by hand (`npx playwright test`), it runs every scenario of the voting app on the lab of the first platform.
 */
const invocation = readInvocation();
const here = import.meta.dirname;
const clusters = invocation?.clusters ?? [path.join(here, 'clusters', `lab-${await firstPlatform()}.yaml`)];
const journeys = invocation?.journeys ?? [];
const isOnlyJourneys = invocation !== undefined && invocation.scenarios.length === 0;
const testResults = invocation?.testResults ?? path.resolve('.brownout', 'test-results');
const debianChromium = '/usr/bin/chromium';
/** Playwright looks only whether it is 0. */
const STUCK = 2;

// Read by the runner and by each of its workers, before a journey is loaded there.
if (invocation) {
  whenStuck(({ message, hint }) => {
    send({ trouble: { message, hint, isRefusal: true } });
    return STUCK;
  });
  watchFiles(journeys);
}

// A worker whose runner was killed heals and cleans up by itself. Playwright would end it after 30 s, in the middle of that.
process.env.PWTEST_FORCE_EXIT_TIMEOUT ??= String(LONGEST_CLEAN_UP);

export default defineConfig<BrownoutOptions>({
  // A scenario ends by itself: every phase has its own limit, and healing must never be cut short.
  timeout: 0,
  retries: 0,
  workers: clusters.length,
  fullyParallel: false,
  // The suite's own files, and the parts of a project, are loaded by Node, as by the command. Playwright would transform each of them anew in every
  // worker, which keeps nothing of it: seconds of CPU before a run begins, and errors in a part would be told of the wrong line.
  build: { external: [here, ...partFolders()].map((folder) => `**${literally(folder)}/**/!(*.spec).ts`) },
  reporter: invocation
    ? [
        [path.join(here, 'fixtures', `command-link${path.extname(import.meta.filename)}`)],
        ['allure-playwright', { resultsDir: invocation.allureResults, detail: true }],
      ]
    : [['list'], ['allure-playwright', { resultsDir: path.resolve('.brownout', 'allure-results') }]],
  use: {
    launchOptions: {
      executablePath: existsSync(debianChromium) ? debianChromium : undefined,
      args: process.getuid?.() === 0 ? ['--no-sandbox', '--disable-gpu'] : ['--disable-gpu'],
    },
  },
  // Of each cluster one after the other, so that they begin on all clusters at once.
  projects: [...(isOnlyJourneys ? [] : clusters.map(scenariosOn)), ...journeys.flatMap(journeyOnEach)],
});

function partFolders(): string[] {
  return ['fixtures', 'faults', 'probes', 'platforms'].map((folder) => path.resolve(folder));
}

/** In a pattern of files. */
function literally(folder: string): string {
  return folder.replace(/[\\?*+@!()[\]{}|]/g, '\\$&');
}

/** Loaded only where it is asked for: the runner and each of its workers read this file. */
async function firstPlatform(): Promise<string> {
  const { registeredPlatforms } = await import('./platforms/index.ts');
  return Object.keys(registeredPlatforms())[0]!;
}

function scenariosOn(clusterFile: string, index: number): Project<BrownoutOptions> {
  return {
    // Allure tells tests apart by their project, too: its name is no other's, and the same in every checkout.
    name: projectPath(clusterFile),
    outputDir: path.join(testResults, `scenarios-${index}`),
    testDir: path.join(here, 'scenarios'),
    testMatch: /scenarios\.spec\.[jt]s$/,
    use: { clusterFile },
  };
}

function journeyOnEach(file: string, number: number): Project<BrownoutOptions>[] {
  return clusters.map((clusterFile, index) => ({
    // No path has two slashes in a row.
    name: `${projectPath(clusterFile)} // ${projectPath(file)}`,
    // Numbered: Playwright makes one folder's name of `a b` and `a-b`.
    outputDir: path.join(testResults, `journey-${number}-${index}`),
    testDir: path.dirname(file),
    // This file, and none of the same name in a folder below.
    testMatch: new RegExp(`^${file.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`),
    use: { clusterFile },
  }));
}
