/**
 * `npm test`: sets up what the tests need, then runs them: unit tests (beside their sources), and tests of real components, in the rooms of
 * tests/. `npm test -- unit` stops after the unit tests; `npm test -- tests/swarm/lab.test.ts` runs one file. Of the tests on the lab's Kubernetes
 * and Proxmox, which take as long again, it runs one scenario each from end to end, and what needs no lab; all are `npm test -- kubernetes` and
 * `npm test -- proxmox`.
 */
import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { ensurePackages, installLabPackages } from '../lab/setup.ts';

const root = path.dirname(import.meta.dirname);
process.chdir(root);

const [only] = process.argv.slice(2);
const unit = globSync('*/**/*.test.ts', { exclude: ['node_modules/**', 'tests/**', 'dist/**', '.brownout/**'] }).sort();
const inRoom = (room: string) => globSync(`tests/${room}/*.test.ts`).sort();

/** Without a lab, each with a project of its own: two at a time, since much of it is waiting. */
const beside = [...inRoom('command'), ...inRoom('faults'), ...inRoom('reports')];
/** There is one lab of a kind a machine, and what measures is measured alone. */
const alone = [
  ...inRoom('load'),
  ...inRoom('probes'),
  ...inRoom('swarm'),
  'tests/kubernetes/scenario.test.ts',
  'tests/kubernetes/samba-scenario.test.ts',
  'tests/proxmox/api.test.ts',
  'tests/proxmox/ha.test.ts',
  'tests/proxmox/scenario.test.ts',
];

const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-tests-'));
/** What failed, and why: told again at the end, where it is not lost among what passed. */
const failed = path.join(folder, 'failed');
process.on('exit', () => {
  const text = readFileSync(failed, 'utf8');
  if (text !== '') console.log(`\nWhat failed, once more:\n\n${text}`);
  rmSync(folder, { recursive: true });
});
writeFileSync(failed, '');

// What Node compiles is kept from one file of tests to the next, and for the commands that they start: as the launcher does it.
process.env.NODE_COMPILE_CACHE ??= path.join(os.homedir(), '.cache', 'brownout', 'compiled');

function nodeTest(files: string[], concurrency: number): number {
  const part = path.join(folder, 'part');
  writeFileSync(part, '');
  const reporter = (module: string, to: string) => [`--test-reporter=${module}`, `--test-reporter-destination=${to}`];
  const words = [...reporter('spec', 'stdout'), ...reporter('./tests/failures.ts', part)];
  const { exitCode } = execaSync(
    process.execPath,
    ['--test', '--import', './tests/no-hang.ts', `--test-concurrency=${concurrency}`, ...words, ...files],
    { stdio: 'inherit', reject: false },
  );
  appendFileSync(failed, readFileSync(part));
  return exitCode ?? 1;
}

if (only?.endsWith('.test.ts')) process.exit(nodeTest([only], 1));

if (only !== undefined && !['unit', 'kubernetes', 'proxmox'].includes(only)) {
  console.error(
    `'${only}' is no part of the tests. What to do: npm test -- unit|kubernetes|proxmox, or a file that ends with .test.ts`,
  );
  process.exit(1);
}
const isLab = only === 'kubernetes' || only === 'proxmox';
// Half of their time is waiting.
const unitStatus = isLab ? 0 : nodeTest(unit, 4);
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
const realStatus = isLab ? nodeTest(inRoom(only), 1) : await realTests();
for (const lab of down) brownout('lab', 'down', lab);
process.exitCode = Math.max(unitStatus, realStatus);

async function realTests(): Promise<number> {
  // Where nothing is cached, what the labs are made of takes a quarter of an hour: at the lowest priority, while tests mostly wait.
  const built = execa(process.execPath, ['tests/builds.ts'], { stdio: 'inherit', reject: false });
  const status = nodeTest(beside, 2);
  // A build that failed is told by the lab that needs it.
  await built;
  return Math.max(status, nodeTest(alone, 1));
}
