/** The reports as readers meet them: report.html in a real browser, Allure's results written by a real run of Playwright. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from '@playwright/test';
import { execa } from 'execa';
import type { Findings } from '../../analysis/findings.ts';
import { generateAllureReport } from '../../reports/allure/generate.ts';
import { renderHtml } from '../../reports/html/html.ts';
import { findingsByHand, runByHand } from '../made-up/findings.ts';
import { open, poorContrast, scrollsSideways, startBrowser, stopBrowser } from '../pages.ts';

const root = path.resolve(import.meta.dirname, '../..');
mkdirSync(path.join(root, '.brownout'), { recursive: true });
// Inside the project, so that what runs there finds the packages.
const folder = mkdtempSync(path.join(root, '.brownout', 'test-reports-'));
before(startBrowser);
after(async () => {
  await stopBrowser();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;

function written(change: (findings: Findings) => void = () => undefined): string {
  const findings = findingsByHand();
  change(findings);
  const file = path.join(folder, `report-${files++}.html`);
  writeFileSync(file, renderHtml({ meta: runByHand(), findings }));
  return file;
}

/** How many different colours each canvas of the page shows: an empty one has one. */
const coloursOf = (page: Page) =>
  page.locator('canvas').evaluateAll((all) =>
    all.map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
      return new Set(new Uint32Array(data.buffer)).size;
    }),
  );

describe('report.html', () => {
  it('draws a chart for each stream and one of latencies, and complains of nothing', async () => {
    const { page, complaints } = await open(written());
    const colours = await coloursOf(page);
    assert.equal(colours.length, 4);
    for (const count of colours) assert.ok(count > 10, `a chart of ${count} colours`);
    assert.deepEqual(complaints, []);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a phone, and its text has contrast (${colorScheme})`, async () => {
      const { page, complaints } = await open(written(), { viewport: { width: 375, height: 700 }, colorScheme });
      for (const summary of await page.locator('summary').all()) await summary.click();
      assert.equal(await scrollsSideways(page), false);
      await page.getByRole('button', { name: 'First 20 s' }).click();
      assert.equal(await scrollsSideways(page), false, 'zoomed in');
      assert.deepEqual(await page.evaluate(poorContrast), []);
      assert.deepEqual(complaints, []);
    });
  }

  it('shows text from outside as text', async () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'&';
    const file = written((findings) => {
      findings.title = evil;
      findings.checks[0]!.observed = evil;
      findings.timeline[1]!.text = evil;
      findings.warnings = [evil];
      findings.cleanUp.left = [evil];
      findings.durability[0]!.lost = [evil];
      findings.predictions[0]!.note = evil;
      findings.configuration.push({ group: 'nodes', name: evil, value: evil });
      findings.streams[0]!.stream = evil;
      for (const bin of findings.bins) bin.streams[evil] = bin.streams.vote!;
    });
    const { page, complaints } = await open(file);
    assert.equal(await page.locator('h1').textContent(), evil);
    assert.equal(await page.locator('img').count(), 0);
    await page.locator('.events button').nth(1).hover();
    assert.ok((await page.locator('.readout').textContent())?.includes(`▼ ${evil}`));
    assert.deepEqual(complaints, []);
  });

  it('tells of a second: by pointing, by an event, and by the keyboard', async () => {
    const { page } = await open(written(), { viewport: { width: 1000, height: 900 } });
    const readout = page.locator('.readout');
    const chart = page.locator('[data-availability="0"] .u-over');
    await chart.scrollIntoViewIfNeeded();
    await chart.hover({ position: { x: 10, y: 20 } });
    assert.match((await readout.textContent())!, /−\d+(\.\d)? s since the fault · steady · full.*vote 100 %/);

    await page.locator('.events button', { hasText: '' }).nth(1).focus();
    assert.match((await readout.textContent())!, /▼ node w1 is down/);

    await page.locator('.plots').focus();
    const before = await readout.textContent();
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await readout.textContent(), before);
    await page.keyboard.press('Home');
    assert.match((await readout.textContent())!, /^−61\.2 s since the fault/);
  });

  it('zooms by its buttons and by dragging, lanes and charts together, and back', async () => {
    const { page } = await open(written(), { viewport: { width: 1000, height: 900 } });
    const limits = () =>
      page.locator('.timeline').evaluate((element) => {
        const { style } = element as HTMLElement;
        return [Number(style.getPropertyValue('--min')), Number(style.getPropertyValue('--max'))];
      });
    const whole = await limits();
    await page.getByRole('button', { name: 'First 20 s' }).click();
    assert.deepEqual(await limits(), [-2, 20]);
    assert.equal(await page.getByRole('button', { name: 'First 20 s' }).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'Whole run' }).click();
    assert.deepEqual(await limits(), whole);

    const chart = page.locator('[data-latency] .u-over');
    await chart.scrollIntoViewIfNeeded();
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
    await page.mouse.up();
    const [from, to] = await limits();
    assert.ok(
      Math.abs(from! - (whole[0]! + 155 * 0.25)) < 2 && Math.abs(to! - (whole[0]! + 155 * 0.5)) < 2,
      `${from} ${to}`,
    );
    await page.mouse.dblclick(box.x + 50, box.y + 30);
    assert.deepEqual(await limits(), whole);
  });

  it('says everything without JavaScript, with a still picture of the timeline', async () => {
    const { page } = await open(written(), { javaScriptEnabled: false });
    assert.ok(await page.locator('svg[role=img]').isVisible());
    assert.equal(await page.locator('.zoom').isVisible(), false);
    for (const word of ['Failed', 'Where did the time go?', 'r1-vote-1204', 'Predicted and measured', '20.10.24']) {
      assert.ok(await page.getByText(word).first().isVisible(), word);
    }
  });

  it('has one heading of the first level, named tables, and labels on what can be pressed', async () => {
    const { page } = await open(written());
    const faults = await page.evaluate(() => {
      const name = (element: Element) => element.getAttribute('aria-label') ?? element.textContent?.trim();
      return [
        ...(document.querySelectorAll('h1').length === 1 ? [] : ['not one h1']),
        ...[...document.querySelectorAll('button, summary')].filter((one) => !name(one)).map((one) => one.outerHTML),
        ...[...document.querySelectorAll('th:not([scope])')].map((one) => one.outerHTML),
        ...[...document.querySelectorAll('section')]
          .filter((one) => !one.querySelector('h2'))
          .map((one) => one.outerHTML),
      ];
    });
    assert.deepEqual(faults, []);
  });

  it('is small, and stands an hour of seconds, thousands of outages, events and lost writes', async () => {
    const usual = written();
    assert.ok(readFileSync(usual).length < 300_000);
    const file = written((findings) => {
      const outage = findings.streams[0]!.outages[1]!;
      const later = ({ from, to }: { from: number; to: number }, ms: number) => ({ from: from + ms, to: to + ms });
      findings.bins = Array.from({ length: 3600 }, (_, second) => ({ ...findings.bins[second % 155]!, second }));
      findings.streams[0]!.outages = Array.from({ length: 6000 }, (_, i) => ({
        ...outage,
        start: later(outage.start, i * 500),
        end: later(outage.end, i * 500),
      }));
      findings.timeline = Array.from({ length: 5000 }, (_, i) => ({ at: i * 700, kind: 'other', text: `event ${i}` }));
      findings.durability[0]!.lost = Array.from({ length: 50_000 }, (_, i) => `r1-vote-${i}`);
    });
    const { page, complaints } = await open(file);
    assert.ok(readFileSync(file).length < 2_500_000);
    assert.equal((await coloursOf(page)).length, 4);
    assert.match((await page.locator('#outages + p + h3').textContent())!, /^vote: 6\u202f000 outages$/);
    assert.deepEqual(complaints, []);
  });

  it('can be written of a run that measured nothing', async () => {
    const { page, complaints } = await open(
      written((findings) => {
        Object.assign(findings, {
          verdict: 'unknown',
          checks: [],
          streams: [],
          split: [],
          durability: [],
          predictions: [],
        });
        Object.assign(findings, {
          bins: [],
          timeline: [],
          prober: null,
          t0: undefined,
          healedAt: undefined,
          phases: [],
        });
      }),
    );
    assert.ok(await page.getByText('Nothing was probed in this run.').isVisible());
    assert.deepEqual(complaints, []);
  });
});

describe('brownout report', () => {
  const run = path.join(folder, 'run');
  const cli = (...words: string[]) =>
    execa(process.execPath, [path.join(root, 'cli', 'main.ts'), 'report', ...words], { reject: false, cwd: folder });

  before(() => {
    mkdirSync(run);
    writeFileSync(path.join(run, 'run.json'), JSON.stringify(runByHand()));
    writeFileSync(path.join(run, 'journal.jsonl'), '');
    writeFileSync(path.join(run, 'findings.json'), JSON.stringify(findingsByHand()));
  });

  it('writes the page again and shows the summary', async () => {
    const { stdout, exitCode } = await cli(run);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^FAILED {2}Voting goes on.*Report: run\/report\.html$/s);
    assert.match(readFileSync(path.join(run, 'report.html'), 'utf8'), /<h1>Voting goes on when a node dies<\/h1>/);
  });

  it('writes it where it is told to, and prints one JSON object', async () => {
    const file = path.join(folder, 'elsewhere.html');
    const { stdout } = await cli(run, '--html', file, '--json');
    const told = JSON.parse(stdout);
    assert.equal(told.report, file);
    assert.deepEqual(told.findings, JSON.parse(JSON.stringify(findingsByHand())));
    assert.ok(readFileSync(file, 'utf8').startsWith('<!doctype html>'));
  });

  it('says what is wrong with findings that cannot be read, and where nothing can be written', async () => {
    const nowhere = await cli(run, '--html', path.join(folder, 'no', 'such', 'folder.html'));
    assert.equal(nowhere.exitCode, 3);
    assert.match(nowhere.stderr, /The report cannot be written.*\n {2}What to do/);
    writeFileSync(path.join(run, 'findings.json'), '{"version": 1, "title');
    const torn = await cli(run);
    assert.equal(torn.exitCode, 3);
    assert.match(torn.stderr, /findings\.json:1:22 is damaged: not JSON: .*\n {2}What to do: .*brownout judge/);
  });
});

interface AllureResult {
  historyId: string;
  status: string;
  labels: { name: string; value: string }[];
  parameters: { name: string; value: string }[];
  attachments: { name: string; source: string; type: string }[];
  steps: { name: string; attachments: AllureResult['attachments'] }[];
  statusDetails: { message: string };
}

describe('Allure', () => {
  const results = path.join(folder, 'allure-results');
  const out = path.join(folder, 'allure-report');
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );

  let first: Map<string, AllureResult>;
  let second: Map<string, AllureResult>;

  before(async () => {
    const from = (file: string) => JSON.stringify(path.join(root, file));
    writeFileSync(
      path.join(folder, 'allure.config.ts'),
      `import { defineConfig } from '@playwright/test';
export default defineConfig({
  testDir: '.', testMatch: 'allure.spec.ts', outputDir: './test-results',
  reporter: [['allure-playwright', { resultsDir: ${JSON.stringify(results)}, detail: true }]],
  projects: [{ name: 'lab-swarm' }, { name: 'lab-two' }],
});\n`,
    );
    writeFileSync(
      path.join(folder, 'allure.spec.ts'),
      `import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from '@playwright/test';
import { attachToAllure, failureMessage, identifyInAllure } from ${from('reports/allure.ts')};
import { renderHtml } from ${from('reports/html/html.ts')};
import { runFolder } from ${from('recording/folder.ts')};
import { findingsByHand, runByHand } from ${from('tests/made-up/findings.ts')};

test('Voting goes on when a node dies', async ({}, info) => {
  const [meta, findings] = [runByHand(), findingsByHand()];
  meta.cluster.name = info.project.name;
  meta.id = 'run-' + Date.now();
  meta.seed = Date.now();
  if (info.project.name === 'lab-two') {
    findings.verdict = 'unknown';
    findings.checks = [{ kind: 'fault-confirmed', verdict: 'unknown', what: 'fault confirmed', observed: 'no proof', wanted: 'proof' }];
  }
  const folder = runFolder(info.outputPath('run'));
  mkdirSync(folder.dir);
  writeFileSync(folder.report, renderHtml({ meta, findings }));
  writeFileSync(folder.findings, JSON.stringify(findings));
  writeFileSync(folder.meta, JSON.stringify(meta));
  writeFileSync(folder.samples, Buffer.alloc(9 * 2 ** 20));
  await test.step('inject', async () => undefined);
  await identifyInAllure(meta);
  await attachToAllure(info, { meta, findings, folder });
  throw new Error(failureMessage(findings));
});\n`,
    );
    first = await run();
    await generateAllureReport(results, out);
    second = await run();
  });

  async function run(): Promise<Map<string, AllureResult>> {
    rmSync(results, { recursive: true, force: true });
    const config = path.join(folder, 'allure.config.ts');
    const { exitCode } = await execa(process.execPath, [cli, 'test', '-c', config], { reject: false, cwd: folder });
    assert.equal(exitCode, 1);
    const found = readdirSync(results)
      .filter((name) => name.endsWith('-result.json'))
      .map((name) => JSON.parse(readFileSync(path.join(results, name), 'utf8')) as AllureResult);
    return new Map(found.map((result) => [result.parameters.find(({ name }) => name === 'cluster')!.value, result]));
  }

  it('a result has its place, its comparable parameters and its files; its history is the same the next time', async () => {
    const one = first.get('lab-swarm')!;
    const value = (name: string) => one.labels.find((label) => label.name === name)?.value;
    assert.deepEqual(['parentSuite', 'suite', 'subSuite', 'verdict'].map(value), [
      'swarm',
      'voting (as-is)',
      'node-kill',
      'fail',
    ]);
    assert.deepEqual(
      one.parameters.filter(({ name }) => name !== 'Project').map(({ name, value }) => `${name}=${value}`),
      [
        'platform=swarm',
        'cluster=lab-swarm',
        `scenario=${runByHand().scenario.file}`,
        'variant=as-is',
        'fault=node-kill',
      ],
    );
    const all = [one, ...one.steps].flatMap(({ attachments }) => attachments);
    assert.deepEqual(
      all.map(({ name }) => name).filter((name) => name !== 'error-context'),
      ['Timeline', 'Report', 'Marks by stream', 'findings.json', 'run.json'],
      'all but the samples, which are too large',
    );
    assert.equal(second.get('lab-swarm')!.historyId, one.historyId);
    assert.notEqual(second.get('lab-two')!.historyId, one.historyId);
  });

  it('the report is one page that needs no network, sorts unknown apart from failed, and keeps history', async () => {
    const { allure: page } = await generateAllureReport(results, out);
    const history = readFileSync(path.join(folder, 'allure-history.jsonl'), 'utf8').trim().split('\n');
    assert.equal(history.length, 2);

    const opened = await open(page);
    await opened.page.getByText('Categories').first().click();
    assert.ok(await opened.page.getByText('Unknown: fault not confirmed').first().isVisible());
    assert.ok(await opened.page.getByText('Acknowledged writes lost').first().isVisible());
    await opened.page.getByText('All', { exact: true }).first().click();
    await opened.page.getByText('lab-swarm', { exact: true }).last().click();
    await opened.page.getByText('Results').first().click();
    await opened.page.getByText('20.10.24').first().waitFor();
    assert.deepEqual(
      opened.complaints.filter((text) => text.startsWith('request:')),
      [],
    );
  });

  it('a test’s details show every check in full: nothing is cut at the right', async () => {
    const { page } = await open((await generateAllureReport(results, out)).allure, {
      viewport: { width: 700, height: 900 },
    });
    await page.getByText('Voting goes on when a node dies').first().click();
    const details = page.frameLocator('iframe').first();
    await details.getByText('at least 20 probes').waitFor();
    const cut = await details.locator('body').evaluate((body) => {
      const range = document.createRange();
      range.selectNodeContents(body);
      const rights = [...range.getClientRects()].map(({ right }) => right);
      return Math.max(...rights) - document.documentElement.clientWidth;
    });
    assert.ok(cut <= 0, `${cut} px are cut`);
  });

  it('says what to do where there is nothing to report', async () => {
    await assert.rejects(generateAllureReport(path.join(folder, 'nothing'), out), { name: 'OperatorError' });
  });
});
