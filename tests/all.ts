/**
 * `npm test`: sets up what the tests need, then runs them: unit tests (beside their sources), and tests of real components
 * (in tests/, those of a lab one after another, because there is one of a kind a machine). `npm test -- unit` stops after the unit tests;
 * `npm test -- tests/lab.test.ts` runs one file. Of the tests on the lab's Kubernetes and Proxmox, which take as long again, it runs one
 * scenario each from end to end; all are `npm test -- kubernetes` and `npm test -- proxmox`.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { ensurePackages, installLabPackages } from '../lab/setup.ts';

const root = path.dirname(import.meta.dirname);
process.chdir(root);

const [only] = process.argv.slice(2);
const unit = globSync('*/**/*.test.ts', { exclude: ['node_modules/**', 'tests/**', 'dist/**', '.brownout/**'] }).sort();
/** What only a run of their own takes: all but one scenario each, and what is quick. */
const long = {
  kubernetes: { in: /kubernetes/, butFor: /kubernetes-scenario/ },
  proxmox: { in: /proxmox/, butFor: /proxmox-(scenario|ha|api)\./ },
};
const own = Object.entries(long).find(([lab]) => lab === only)?.[1];
const inShort = (file: string) => Object.values(long).every((each) => !each.in.test(file) || each.butFor.test(file));
const real = globSync('tests/*.test.ts')
  .filter((file) => (own ? own.in.test(file) : inShort(file)))
  .sort();

/** Each with a project and a toy cluster of its own. */
const BESIDE =
  /\/(bad-.*|ci|claims|compare|edges|foreign|fuzz|gate|k6|names|package|reports|torture-files|proxmox-(ha|api))\.test/;

function nodeTest(files: string[], concurrency: number): number {
  const words = ['--test', '--import', './tests/no-hang.ts', `--test-concurrency=${concurrency}`, ...files];
  const { exitCode } = execaSync(process.execPath, words, { stdio: 'inherit', reject: false });
  return exitCode ?? 1;
}

if (only?.endsWith('.test.ts')) process.exit(nodeTest([only], 1));

const unitStatus = own ? 0 : nodeTest(unit, 2);
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
// What has no lab, and is judged by no time of its own, runs beside another: much of it is waiting.
const pairs = real.filter((file) => BESIDE.test(file));
const pairsStatus = nodeTest(pairs, 2);
const realStatus = nodeTest(
  real.filter((file) => !BESIDE.test(file)),
  1,
);
for (const lab of down) brownout('lab', 'down', lab);
process.exitCode = unitStatus || pairsStatus || realStatus;
