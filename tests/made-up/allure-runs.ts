/** Allure results for tests, written by Playwright and its reporter as the scenario runner has them written: of recordings that were made up. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { execa } from 'execa';
import type { Findings } from '../../analysis/findings.ts';
import { judge } from '../../analysis/judge.ts';
import { meaningOf } from '../../faults/meaning.ts';
import type { RunMeta } from '../../recording/recording.ts';
import type { Result } from '../../reports/allure/results.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { type SyntheticRun, type SyntheticStream, syntheticRecording } from './synthetic.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A folder inside the project, so that what runs there finds the packages. */
export function projectFolder(prefix: string): string {
  mkdirSync(path.join(root, '.brownout'), { recursive: true });
  return mkdtempSync(path.join(root, '.brownout', prefix));
}

/** How a test of the scenario runner ended: judged, skipped before anything was done, or with an error. */
export type Ending =
  | Judged
  | { meta: Pick<RunMeta, 'scenario' | 'cluster'>; skipped: string }
  | { meta: Pick<RunMeta, 'scenario' | 'cluster'>; thrown: string };

interface Judged {
  meta: RunMeta;
  findings: Findings;
  journey?: string;
  /** ms by which the machine's clock is set while the fault is held. */
  clockStep?: number;
}

interface Place {
  platform?: string;
  cluster?: string;
  scenario?: Partial<Scenario>;
  title?: string;
}

function placed({ platform = 'swarm', cluster = `clusters/lab-${platform}.yaml`, scenario }: Place, run: SyntheticRun) {
  const recording = syntheticRecording({ ...run, scenario: { ...run.scenario, ...scenario } });
  recording.meta.cluster = { name: cluster, file: cluster, platform };
  return recording;
}

/** A run in which `stream` is down from 300 ms on, for so long. */
export function outageOf(length: number, options: Partial<SyntheticStream> = {}): SyntheticRun {
  return {
    steady: 3_000,
    hold: 2_000,
    recover: 16_000,
    streams: [
      { name: 'vote', writes: true, trouble: [{ from: 300, to: 300 + length, error: 'refused' }], ...options },
      { name: 'result', every: 100 },
    ],
  };
}

let made = 0;

/** As the runner leaves it, with the recording's own verdict. */
export function judgedRun(
  place: Place,
  run: SyntheticRun,
  more: { journey?: string; clockStep?: number } = {},
): Judged {
  const recording = placed(place, run);
  recording.meta.id = `made-up-${made++}`;
  const findings = judge(recording, recording.meta.scenario, meaningOf);
  findings.cleanUp.pending = [];
  return { meta: recording.meta, findings, ...more };
}

/** Runs a test for each in Playwright, as on a cluster each; returns the results by scenario or journey, and cluster. */
export async function allureResults(folder: string, results: string, endings: Ending[]): Promise<Map<string, Result>> {
  const clusters = [...new Set(endings.map(({ meta }) => meta.cluster.name))];
  const projects = clusters.map((name, i) => ({
    name,
    testMatch: `cluster-${i}.spec.ts`,
    outputDir: `./test-results/${i}`,
  }));
  const reporter = [['allure-playwright', { resultsDir: results, detail: true }]];
  const build = { external: [`${root}/**/!(*.spec).ts`] };
  // No limit: on a busy computer a test of nothing takes longer than Playwright's.
  const config = { testDir: '.', workers: 1, timeout: 0, build, reporter, projects };
  writeFileSync(path.join(folder, 'allure.config.ts'), `export default ${JSON.stringify(config)};\n`);
  clusters.forEach((name, i) => {
    const own = path.join(folder, `cluster-${i}.json`);
    writeFileSync(own, JSON.stringify(endings.filter(({ meta }) => meta.cluster.name === name)));
    writeFileSync(path.join(folder, `cluster-${i}.spec.ts`), specOf(own));
  });
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );
  const { all } = await execa(process.execPath, [cli, 'test', '-c', path.join(folder, 'allure.config.ts')], {
    reject: false,
    all: true,
    cwd: folder,
  });
  const found = existsSync(results) ? resultsIn(results) : new Map();
  if (found.size !== endings.length)
    throw new Error(`Playwright wrote ${found.size} results of ${endings.length}:\n${all}`);
  return found;
}

function specOf(endings: string): string {
  const from = (file: string) => JSON.stringify(path.join(root, file));
  return `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from '@playwright/test';
import { endTest } from ${from('fixtures/end-test.ts')};
import { runFolder } from ${from('recording/folder.ts')};
import { attachToAllure, identifyInAllure } from ${from('reports/allure.ts')};
import { printable } from ${from('output/printable.ts')};

for (const ending of JSON.parse(readFileSync(${JSON.stringify(endings)}, 'utf8'))) {
  const { meta, findings, journey, skipped, thrown, clockStep } = ending;
  test.describe(printable(meta.scenario.file + (journey ?? '')), () => test(printable(meta.scenario.title), async ({}, info) => {
    await identifyInAllure(meta, journey);
    if (skipped !== undefined) test.skip(true, skipped);
    if (thrown !== undefined) throw new Error(thrown);
    const now = Date.now;
    meta.origin.wall = now();
    for (const { phase } of findings.phases) await test.step(phase, () => {
      // As when somebody sets the machine's clock while the fault is held.
      if (phase === 'hold' && clockStep) Date.now = () => now() + clockStep;
    });
    Date.now = now;
    const folder = runFolder(info.outputPath('run'));
    mkdirSync(folder.dir, { recursive: true });
    writeFileSync(folder.findings, JSON.stringify(findings));
    writeFileSync(folder.meta, JSON.stringify(meta));
    await attachToAllure(info, { meta, findings, folder });
    endTest({ meta, findings });
  }));
}\n`;
}

export function resultsIn(dir: string): Map<string, Result> {
  const all = readdirSync(dir)
    .filter((name) => name.endsWith('-result.json'))
    .map((name) => JSON.parse(readFileSync(path.join(dir, name), 'utf8')) as Result);
  return new Map(all.map((result) => [keyOf(result), result]));
}

function keyOf({ parameters = [], labels = [] }: Result): string {
  const [scenario, cluster] = ['scenario', 'cluster'].map(
    (wanted) => parameters.find(({ name }) => name === wanted)?.value,
  );
  const journey = labels.find(({ name }) => name === 'journey')?.value;
  return `${journey ?? scenario} on ${cluster}`;
}
