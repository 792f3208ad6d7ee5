/**
 * `npm test`: sets up what the tests need, then runs them: unit tests (beside their sources), and tests of real components
 * (in tests/, one file after another, because there is one lab of a kind a machine). `npm test -- unit` stops after the unit tests;
 * `npm test -- tests/lab.test.ts` runs one file. Of the tests on the lab's Kubernetes, which take as long again, it runs one
 * scenario from end to end; all are `npm test -- kubernetes`.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { ensurePackages, installLabPackages } from '../lab/setup.ts';

const root = path.dirname(import.meta.dirname);
process.chdir(root);

const [only] = process.argv.slice(2);
const unit = globSync('*/**/*.test.ts', { exclude: ['node_modules/**', 'tests/**', 'dist/**', '.brownout/**'] }).sort();
const isKubernetes = (file: string) => file.includes('kubernetes');
const inShort = (file: string) => !isKubernetes(file) || file === 'tests/kubernetes-scenario.test.ts';
const real = globSync('tests/*.test.ts')
  .filter(only === 'kubernetes' ? isKubernetes : inShort)
  .sort();

function nodeTest(files: string[], concurrency: number): number {
  const { exitCode } = execaSync(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...files], {
    stdio: 'inherit',
    reject: false,
  });
  return exitCode ?? 1;
}

if (only?.endsWith('.test.ts')) process.exit(nodeTest([only], 1));

const unitStatus = only === 'kubernetes' ? 0 : nodeTest(unit, 2);
if (only === 'unit') process.exit(unitStatus);

const progress = (text: string) => console.error(text);
await installLabPackages(progress);
await ensurePackages(['chromium'], progress);
const brownout = (...words: string[]) =>
  execaSync(process.execPath, ['cli/main.ts', ...words], { stdio: 'inherit', reject: false }).exitCode;
/** A lab that was not even partly there is taken down again. */
const isDown = (lab: string) => {
  const { stdout } = execaSync(process.execPath, ['cli/main.ts', 'lab', 'status', lab, '--json'], { reject: false });
  return JSON.parse(stdout).state === 'down';
};
const down = ['swarm', 'kubernetes'].filter(isDown);
const realStatus = nodeTest(real, 1);
for (const lab of down) brownout('lab', 'down', lab);
process.exitCode = unitStatus || realStatus;
