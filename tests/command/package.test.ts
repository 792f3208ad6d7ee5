import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { tree } from '../processes.ts';
import { untilKnown } from '../unknown.ts';
import { until } from '../until.ts';

// The suite as a dependency: packed, installed into a new project, and used with what examples/ has: a platform, a fault, a
// probe and a workload of its own. What the checkout has beside it (sources, devDependencies) is not there, nor is a lab.

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-project-'));
after(() => rmSync(project, { recursive: true, force: true }));

const npx = (...words: string[]) => execa('npx', ['brownout', ...words], { cwd: project });
const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

before(async () => {
  const { stdout } = await execa('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root });
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }));
  const tarball = path.join(project, stdout.trim().split('\n').at(-1)!);
  await execa('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, 'node@24'], { cwd: project });
  cpSync(path.join(root, 'examples'), project, {
    recursive: true,
    filter: (source) => !['.brownout', '.toy'].includes(path.basename(source)),
  });
});

/** The processes of the toy's nodes: each has a folder of the toy as its last word. */
async function toyProcesses(): Promise<string[]> {
  const { stdout } = await execa('ps', ['-eo', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(path.join(project, '.toy')));
}

test('the command answers, with help and with errors in its own words', async () => {
  assert.match((await npx('--help')).stdout, /brownout plan <scenario>/);
  writeFileSync(path.join(project, 'typo.yaml'), 'title: x\nworkloat: hello\n');
  await assert.rejects(npx('check', 'typo.yaml'), (error: { exitCode: number; stderr: string; stdout: string }) => {
    assert.equal(error.exitCode, 3);
    assert.match(error.stdout + error.stderr, /typo\.yaml:2:1/);
    return true;
  });
});

test("the project's own fault, on its own platform: a wrong option has its place, a plan its targets", async () => {
  await npx('check', 'scenarios', 'clusters', ...CLUSTER);
  const file = path.join(project, 'typo.yaml');
  const good = readFileSync(path.join(project, 'scenarios', 'stopped.yaml'), 'utf8');
  writeFileSync(file, good.replace('hold: 5s', 'holt: 5s'));
  await assert.rejects(npx('check', 'typo.yaml'), (error: { stderr: string }) => {
    assert.match(error.stderr, /typo\.yaml:\d+:\d+.*'holt'/);
    assert.match(error.stderr, /did you mean 'hold'/);
    return true;
  });
  const { stdout } = await npx('plan', 'scenarios/stopped.yaml', ...CLUSTER);
  assert.match(stdout, /member-stop: stops the process of a member/);
  assert.match(stdout, /hits +a member of web on n1/);
});

test("the project's own scenarios run, and leave nothing", async () => {
  const { exitCode, stdout, stderr } = await untilKnown(() =>
    execa('npx', ['brownout', 'run', 'scenarios', ...CLUSTER, '--json'], { cwd: project, reject: false }),
  );
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  const { outcomes, allure } = JSON.parse(stdout);
  assert.equal(outcomes.length, 2);
  const [killed, stopped] = outcomes;
  assert.equal(killed.verdict, 'pass', JSON.stringify(killed.findings?.checks, null, 2));
  assert.match(readFileSync(path.join(killed.dir, 'report.html'), 'utf8'), /A hello survives/);
  assert.equal(stopped.verdict, 'fail');
  assert.equal(stopped.gate, 'pass', JSON.stringify(stopped.findings?.checks, null, 2));
  assert.match(readFileSync(allure, 'utf8'), /<html/);
  assert.deepEqual(await toyProcesses(), []);
  assert.equal(existsSync(path.join(project, '.toy')), false);
});

test('what a run that was killed has left is undone by another process', async () => {
  const child = spawn('npx', ['brownout', 'run', 'scenarios/stopped.yaml', ...CLUSTER], { cwd: project });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  await until('the fault is there', () => said.includes('the fault is there'), 120_000);
  // The suite dies, the cluster does not.
  for (const { pid, command } of tree(child.pid!)) if (!command.includes('.toy')) process.kill(pid, 'SIGKILL');
  assert.ok((await toyProcesses()).length > 0);
  const { stdout } = await npx('undo');
  assert.match(stdout, /undone +member\.continue/);
  assert.match(stdout, /undone +remove/);
  assert.deepEqual(await toyProcesses(), []);
});
