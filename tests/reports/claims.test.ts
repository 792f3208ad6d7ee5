/** Claims as a user gets them: from recordings on disk, through the command, to a page in a real browser. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { execa } from 'execa';
import type { ClaimsResult } from '../../analysis/claims/result.ts';
import { readClaims } from '../../scenarios/claims.ts';
import { claimedRuns } from '../made-up/claims-runs.ts';
import { writeRecording } from '../made-up/written-recording.ts';
import { open, poorContrast, scrollsSideways, startBrowser, stopBrowser } from '../pages.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(tmpdir(), 'brownout-claims-'));
const thesis = path.join('scenarios', 'thesis', 'claims.yaml');
/** Not run, so that the page has that too. */
const LEFT_OUT = ['scenarios/apache/rollout.yaml', 'scenarios/voting/proxmox/migrate.yaml'];

const cli = (...words: string[]) =>
  execa(process.execPath, [path.join(root, 'cli', 'main.ts'), ...words], { reject: false, cwd: project });
const compare = (...words: string[]) => cli('compare', '--claims', thesis, ...words);

before(async () => {
  cpSync(path.join(root, 'scenarios'), path.join(project, 'scenarios'), { recursive: true });
  const claims = await readClaims(path.join(root, thesis));
  for (const [id, recording] of claimedRuns(claims, { without: LEFT_OUT })) writeRecording(project, id, recording);
  await startBrowser();
});
after(async () => {
  await stopBrowser();
  rmSync(project, { recursive: true, force: true });
});

describe('brownout compare --claims', () => {
  it('takes all recordings that answer a claim, and counts its verdicts', async () => {
    const { stdout, exitCode } = await compare('--json');
    assert.equal(exitCode, 0);
    const { counts, claims, runs } = JSON.parse(stdout) as ClaimsResult;
    assert.ok(runs > 40, String(runs));
    assert.equal(
      Object.values(counts).reduce((sum, count) => sum + count, 0),
      claims.length,
    );
    for (const { claim, verdict, platforms } of claims) {
      if (verdict === 'holds')
        assert.ok(
          platforms.some((one) => one.verdict === 'holds'),
          claim,
        );
    }
  });

  it('prints Markdown whose tables are whole, with no number of an emulated guest’s speed', async () => {
    const { stdout } = await compare('--markdown');
    assert.match(stdout, /^# Virtual machines and containers, measured again\n/);
    for (const table of stdout.split('\n\n').filter((block) => block.startsWith('| '))) {
      const columns = table.split('\n').map((line) => line.split(/(?<!\\)\|/).length);
      assert.equal(new Set(columns).size, 1, table);
    }
    const onGuests = stdout.split('\n').filter((line) => line.startsWith('| ') && line.includes('| proxmox |'));
    assert.ok(onGuests.length > 5);
    assert.ok(onGuests.some((line) => line.includes('left out: emulated guests')));
    for (const line of onGuests)
      assert.doesNotMatch(line, /answered a second: [\d.]+|load: p99: [\d.]+|start-up: [\d.]+/);
  });

  it('takes recordings of another checkout, and of a project that was moved since, by the paths of their scenarios there', async () => {
    const moved = mkdtempSync(path.join(tmpdir(), 'brownout-moved-'));
    try {
      cpSync(path.join(project, 'scenarios'), path.join(moved, 'scenarios'), { recursive: true });
      const runs = path.join('.brownout', 'runs');
      for (const run of readdirSync(path.join(project, runs)).slice(0, 3)) {
        cpSync(path.join(project, runs, run), path.join(moved, runs, run), { recursive: true });
        const file = path.join(moved, runs, run, 'run.json');
        const meta = JSON.parse(readFileSync(file, 'utf8'));
        const scenario = path.join(
          '/elsewhere/checkout',
          path.relative(project, path.resolve(project, meta.scenario.file)),
        );
        writeFileSync(
          file,
          JSON.stringify({ ...meta, project: '/elsewhere/checkout', scenario: { ...meta.scenario, file: scenario } }),
        );
      }
      const { stdout } = await execa(
        process.execPath,
        [path.join(root, 'cli', 'main.ts'), 'compare', '--claims', thesis, '--json'],
        { cwd: moved },
      );
      assert.equal((JSON.parse(stdout) as ClaimsResult).runs, 3);
    } finally {
      rmSync(moved, { recursive: true });
    }
  });

  it('names runs that answer no claim, and exits 3 for what is no file of claims', async () => {
    const { stderr } = await compare('000000-abcd');
    assert.equal(stderr, '');
    writeFileSync(path.join(project, 'mine.yaml'), 'title: Mine\nabout: Us.\nclaims:\n  - claim: All is well.\n');
    for (const [file, wanted] of [
      ['none.yaml', /none\.yaml/],
      ['scenarios/voting/node-kill.yaml', /node-kill\.yaml:\d+:\d+: not a file of claims/],
      ['mine.yaml', /mine\.yaml:4:\d+: .*rests-on/],
    ] as const) {
      const { exitCode, stderr } = await cli('compare', '--claims', file);
      assert.equal(exitCode, 3, file);
      assert.match(stderr, wanted);
      assert.doesNotMatch(stderr, /not supposed to happen/);
    }
  });
});

it('brownout run takes a file of claims for its scenarios, and runs none on a platform where no claim asks it', async () => {
  const toy = path.join(project, 'toy');
  cpSync(path.join(root, 'examples'), toy, { recursive: true });
  writeFileSync(path.join(toy, 'package.json'), '{ "type": "module" }');
  const answer = '{ scenario: scenarios/killed.yaml, on: [swarm] }';
  const claim = `{ claim: It goes on., rests-on: { where: here, measured: false, how: said }, answers: [${answer}] }`;
  writeFileSync(path.join(toy, 'claims.yaml'), `title: Toy\nabout: A toy.\nclaims: [${claim}]\n`);
  const words = ['run', 'claims.yaml', '-c', 'clusters/toy.yaml', '--no-allure'];
  const { exitCode, stdout } = await execa(process.execPath, [path.join(root, 'cli', 'main.ts'), ...words], {
    reject: false,
    cwd: toy,
  });
  assert.match(stdout, /skipped {2}scenarios\/killed\.yaml on clusters\/toy\.yaml: .* ask it of swarm alone/);
  assert.equal(exitCode, 2);
});

describe('the page', () => {
  const file = path.join(project, 'out put', 'thesis.html');
  before(async () => {
    mkdirSync(path.dirname(file));
    const { stderr } = await compare('--html', file);
    assert.equal(stderr, 'Claims: out put/thesis.html');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      it(`can be read at ${width} px, by the eye and by axe-core (${colorScheme})`, async () => {
        const { page, complaints } = await open(file, { viewport: { width, height: 900 }, colorScheme });
        for (const summary of await page.locator('summary').all()) await summary.click();
        assert.equal(await scrollsSideways(page), false);
        assert.deepEqual(await page.evaluate(poorContrast), []);
        assert.deepEqual(await axeViolations(page), []);
        assert.deepEqual(complaints, []);
      });
    }
  }

  it('on a phone no table has to be scrolled', async () => {
    const { page } = await open(file, { viewport: { width: 390, height: 700 } });
    const wide = await page
      .locator('.scroll')
      .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length);
    assert.equal(wide, 0);
  });

  it('says of every claim what it rests on, what was measured and what was not run; it leads to recordings and needs no JavaScript', async () => {
    const { page } = await open(file, { javaScriptEnabled: false });
    const claims = await readClaims(path.join(root, thesis));
    assert.equal(await page.locator('section[aria-labelledby^=claim-]').count(), claims.claims.length);
    assert.equal(await page.getByText('It rests on').count(), claims.claims.length);
    const rollout = page.locator('section', { has: page.getByRole('heading', { name: /rolled out without/ }) });
    assert.ok(await rollout.getByText('no run of it is among these recordings').first().isVisible());
    assert.ok(await page.locator('.banner').getByText('The guests of proxmox were emulated here').isVisible());
    await page
      .getByRole('link', { name: /^\d{8}-\d{6}-/ })
      .first()
      .click();
    assert.equal(await page.title(), 'its own report');
  });
});

it('text from outside is shown as text', async () => {
  const evil = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'&';
  const claims = await readClaims(path.join(root, thesis));
  const [[, recording]] = claimedRuns(claims) as unknown as [[string, Parameters<typeof writeRecording>[2]]];
  recording.meta.cluster.name = evil;
  writeRecording(project, '20260205-000000-eeee', recording);
  const own = path.join(project, 'scenarios', 'thesis', 'evil.yaml');
  writeFileSync(
    own,
    readFileSync(path.join(root, thesis), 'utf8').replace(/^title: .*$/m, `title: ${JSON.stringify(evil)}`),
  );
  const file = path.join(project, 'evil.html');
  const { stdout, stderr } = await cli('compare', '--claims', own, 'eeee', '--html', file, '--markdown');
  assert.match(stderr, /^Claims: /);
  assert.doesNotMatch(stdout, /<(?!br>)/);
  const { page, complaints } = await open(file);
  assert.equal(await page.locator('img').count(), 0);
  assert.ok(readFileSync(file, 'utf8').includes('&lt;script&gt;alert(1)'));
  assert.deepEqual(complaints, []);
});

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`));
}
