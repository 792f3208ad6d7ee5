import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { labCluster } from './lab-swarm.ts';

// The suite as a dependency: packed, installed into an empty project, and used with that project's own workload, scenario
// and cluster file. What the checkout has beside it (sources, devDependencies) is not there.

const root = path.dirname(import.meta.dirname);
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-project-'));
after(() => rmSync(project, { recursive: true, force: true }));

const npx = (...words: string[]) => execa('npx', ['brownout', ...words], { cwd: project });

before(async () => {
  await labCluster();
  const { stdout } = await execa('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root });
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }));
  const tarball = path.join(project, stdout.trim().split('\n').at(-1)!);
  await execa('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, 'node@24'], { cwd: project });
  cpSync(path.join(root, 'tests', 'data', 'project'), project, { recursive: true });
  mkdirSync(path.join(project, 'clusters'), { recursive: true });
  cpSync(path.join(root, 'clusters', 'lab-swarm.yaml'), path.join(project, 'clusters', 'mine.yaml'));
});

test('the command answers, with help and with errors in its own words', async () => {
  assert.match((await npx('--help')).stdout, /brownout plan <scenario>/);
  writeFileSync(path.join(project, 'typo.yaml'), 'title: x\nworkloat: hello\n');
  await assert.rejects(npx('check', 'typo.yaml'), (error: { exitCode: number; stderr: string; stdout: string }) => {
    assert.equal(error.exitCode, 3);
    assert.match(error.stdout + error.stderr, /typo\.yaml:2:1/);
    return true;
  });
});

test("the project's own scenario runs its own workload on a real cluster", async () => {
  await npx('check', 'scenarios', '--cluster', 'clusters/mine.yaml');
  const { stdout } = await npx('run', 'scenarios/hello.yaml', '--cluster', 'clusters/mine.yaml', '--json');
  const { outcomes, allure } = JSON.parse(stdout);
  assert.equal(outcomes.length, 1);
  assert.equal(outcomes[0].verdict, 'pass', JSON.stringify(outcomes[0].findings?.checks, null, 2));
  assert.match(readFileSync(path.join(outcomes[0].dir, 'report.html'), 'utf8'), /A hello survives/);
  assert.match(readFileSync(allure, 'utf8'), /<html/);
});
