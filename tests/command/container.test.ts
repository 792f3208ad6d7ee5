/** The image of ci/Containerfile: built, and what the command does in it, on the cluster of examples/. */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { cacheFolder } from '../../lab/image/cache.ts';
import { copyExamples } from '../brownout.ts';
import { type Builder, buildImage, dockerWith, IMAGE } from '../labs/container-image.ts';
import { untilKnown } from '../unknown.ts';

/** Of the image's own user. */
const USER = 10_001;
let folder = '';
let project = '';
let builder: Builder;

before(async () => {
  // On the disk of the images, which the machine's layers are links to.
  mkdirSync(cacheFolder(), { recursive: true });
  folder = await mkdtemp(join(cacheFolder(), 'container-test-'));
  project = join(folder, 'project');
  mkdirSync(project);
  copyExamples(project);
  for (const each of ['.', ...readdirSync(project, { recursive: true })])
    chownSync(join(project, String(each)), USER, USER);
  builder = await buildImage(folder);
});
after(async () => {
  await builder?.remove();
  await rm(folder, { recursive: true, force: true });
});

function inImage(...words: string[]) {
  const [file, ...args] = builder.inside(
    dockerWith('run', '--rm', '--network', 'none', '--volume', '/project:/project', IMAGE, ...words),
  );
  return execa(file!, args, { reject: false, timeout: 300_000 });
}

const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

test('it is no root’s, and says its size and how long it takes to start', async () => {
  const { Size, Config } = await builder.docker.get<{ Size: number; Config: { User: string } }>(
    `/images/${IMAGE}/json`,
  );
  const base = await builder.docker.get<{ Size: number }>('/images/brownout/base:latest/json');
  assert.equal(Config.User, String(USER));
  const began = performance.now();
  const { stdout, exitCode, stderr } = await inImage('--version');
  const took = performance.now() - began;
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^\d+\.\d+\.\d+/);
  console.log(
    `  ${Math.round((Size - base.Size) / 2 ** 20)} MiB above its base; --version in ${Math.round(took)} ms, container and all`,
  );
});

test('check, plan, and run with a verdict, its report and nothing left', async () => {
  const check = await inImage('check', 'scenarios', 'clusters', ...CLUSTER);
  assert.equal(check.exitCode, 0, check.stderr);
  const plan = await inImage('plan', 'scenarios', ...CLUSTER);
  assert.equal(plan.exitCode, 0, plan.stdout + plan.stderr);
  const left = ['--summary', '.brownout/summary.md', '--junit', '.brownout/junit.xml'];
  const run = await untilKnown(() => inImage('run', 'scenarios/stopped.yaml', ...CLUSTER, ...left, '--json'));
  assert.notEqual(run.stdout, '', run.stderr);
  const { outcomes, allure } = JSON.parse(run.stdout);
  assert.equal(outcomes[0].kind, 'judged', run.stdout);
  assert.ok(run.exitCode === 0 || run.exitCode === 2, run.stdout);
  assert.deepEqual(outcomes[0].notUndone, []);
  assert.ok(existsSync(join(project, allure.replace('/project/', ''))), allure);
  assert.match(readFileSync(join(project, '.brownout/summary.md'), 'utf8'), /^# brownout: (passed|unknown)/);
  const toy = join(project, '.toy');
  assert.ok(!existsSync(toy) || readdirSync(toy).every((name) => !name.startsWith('brownout-')));
});
