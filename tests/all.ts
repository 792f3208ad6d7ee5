/**
 * `npm test`: sets up what the tests need, then runs them: unit tests (beside their sources), and tests of real components
 * (in tests/, one file after another, because there is one lab a machine). `npm test -- unit` stops after the unit tests;
 * `npm test -- tests/lab.test.ts` runs one file. Tests on the Kubernetes lab, whose first build takes a quarter of an hour, are
 * `npm test -- kubernetes`.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { ensurePackages, installLabPackages } from '../lab/setup.ts';

const root = path.dirname(import.meta.dirname);
process.chdir(root);

const [only] = process.argv.slice(2);
const unit = globSync('*/**/*.test.ts', { exclude: ['node_modules/**', 'tests/**', 'dist/**', '.brownout/**'] }).sort();
const isKubernetes = (file: string) => file.includes('kubernetes');
const real = globSync('tests/*.test.ts')
  .filter((file) => isKubernetes(file) === (only === 'kubernetes'))
  .sort();

function nodeTest(files: string[], concurrency: number): number {
  const { status } = spawnSync(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...files], {
    stdio: 'inherit',
  });
  return status ?? 1;
}

if (only?.endsWith('.test.ts')) process.exit(nodeTest([only], 1));

const unitStatus = only === 'kubernetes' ? 0 : nodeTest(unit, 2);
if (only === 'unit') process.exit(unitStatus);

const progress = (text: string) => console.error(text);
await installLabPackages(progress);
await ensurePackages(['chromium'], progress);
const brownout = (...words: string[]) =>
  spawnSync(process.execPath, ['cli/main.ts', ...words], { stdio: 'inherit' }).status;
const labWasUp = brownout('lab', 'status', 'swarm') === 0;
const realStatus = nodeTest(real, 1);
if (!labWasUp) brownout('lab', 'down', 'swarm');
process.exitCode = unitStatus || realStatus;
