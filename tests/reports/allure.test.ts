/** Allure's results and report of runs that were made up: metrics, weaknesses that were accepted, the times of steps, the availability page. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import axe from 'axe-core';
import { execa } from 'execa';
import { completeResults } from '../../reports/allure/complete.ts';
import { type AllurePages, generateAllureReport } from '../../reports/allure/generate.ts';
import { attachNotUndone } from '../../reports/allure/globals.ts';
import type { Result } from '../../reports/allure/results.ts';
import { copyExamples, startBrownout } from '../brownout.ts';
import { matrixRuns } from '../made-up/allure-matrix.ts';
import { allureResults, type Ending, judgedRun, outageOf, projectFolder, resultsIn } from '../made-up/allure-runs.ts';
import { open, poorContrast, scrollsSideways, startBrowser, stopBrowser } from '../pages.ts';

const folder = projectFolder('test-allure-');
before(startBrowser);
after(async () => {
  await stopBrowser();
  rmSync(folder, { recursive: true, force: true });
});

function fresh(name: string): { dir: string; results: string } {
  const dir = path.join(folder, name);
  mkdirSync(dir);
  return { dir, results: path.join(dir, 'results') };
}

interface Sample {
  key: string;
  title: string;
  value: number;
  unit: string;
  better: string;
}

const samplesIn = (dir: string): Sample[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('-perf.json'))
    .flatMap((name) => JSON.parse(readFileSync(path.join(dir, name), 'utf8')));

const HOUR = 3_600_000;

describe('results are completed', () => {
  const { dir, results } = fresh('completed');
  const file = (name: string) => ({ scenario: { file: `scenarios/${name}.yaml`, title: name } });
  let raw: Map<string, Result>;
  let completed: Map<string, Result>;

  before(async () => {
    const weak = { ...file('weak').scenario, expect: 'fail' as const, objectives: { vote: { recovery: 1_000 } } };
    raw = await allureResults(dir, results, [
      judgedRun(file('quick'), outageOf(2_000)),
      judgedRun(file('clock'), outageOf(2_000), { clockStep: HOUR }),
      judgedRun(file('back'), outageOf(2_000), { clockStep: -HOUR }),
      judgedRun({ scenario: weak }, outageOf(4_000)),
      judgedRun({ scenario: { ...weak, file: 'scenarios/unknown.yaml' } }, { ...outageOf(4_000), confirmed: false }),
      judgedRun({ scenario: { ...weak, file: 'scenarios/strong.yaml' } }, outageOf(0)),
      judgedRun(
        { scenario: { ...file('censored').scenario, objectives: { vote: { recovery: 5_000 } } } },
        outageOf(60_000),
      ),
      judgedRun(file('quick'), outageOf(3_000), { journey: 'journeys/vote.spec.ts › votes' }),
    ]);
    completeResults(results);
    completed = resultsIn(results);
  });

  const onLab = (name: string) => `scenarios/${name}.yaml on clusters/lab-swarm.yaml`;
  const samples = () => samplesIn(results);

  it('metrics by scenario, cluster and stream, with their units and better directions', () => {
    const own = samples().filter(({ key }) => key.startsWith('scenarios/quick.yaml //'));
    assert.deepEqual(
      own.map(({ key, unit, better }) => [key.split(' // ').slice(1).join(' // '), unit, better]),
      [
        ['clusters/lab-swarm.yaml // vote // recovery', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // recovery', 's', 'lower'],
        ['clusters/lab-swarm.yaml // vote // availability', '%', 'higher'],
        ['clusters/lab-swarm.yaml // result // availability', '%', 'higher'],
        ['clusters/lab-swarm.yaml // vote // longest outage', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // longest outage', 's', 'lower'],
        ['clusters/lab-swarm.yaml // vote // acknowledged writes lost', 'writes', 'lower'],
        ['clusters/lab-swarm.yaml // vote // resilience loss', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // resilience loss', 's', 'lower'],
      ],
    );
    const recovery = own.find(({ title }) => title === 'vote: recovery')!;
    assert.ok(recovery.value > 2.2 && recovery.value < 2.5, `${recovery.value} s`);
  });

  it('a journey that runs the same scenario has metrics of its own', () => {
    const own = samples().filter(({ key }) =>
      key.startsWith('journeys/vote.spec.ts › votes // clusters/lab-swarm.yaml'),
    );
    assert.equal(own.length, 9);
  });

  it('censored numbers and unknown runs are left out, and the test says so', () => {
    const of = (name: string) => samples().filter(({ key }) => key.startsWith(`scenarios/${name}.yaml //`));
    assert.deepEqual(of('unknown'), []);
    assert.match(
      completed.get(onLab('unknown'))!.description!,
      /Not among the metrics: all \(the verdict is unknown\)/,
    );
    assert.deepEqual(
      of('censored')
        .map(({ title }) => title)
        .filter((title) => title.startsWith('vote')),
      ['vote: availability', 'vote: acknowledged writes lost'],
    );
    assert.match(
      completed.get(onLab('censored'))!.description!,
      /Not among the metrics: vote: recovery \(&gt; [\d.]+ s, not over when the run ended\); vote: longest outage \(.*vote: resilience loss \(/,
    );
    assert.doesNotMatch(completed.get(onLab('quick'))!.description!, /Not among the metrics/);
  });

  for (const name of ['clock', 'back']) {
    it(`steps take what they took by the monotonic clock, whatever somebody set the machine’s to (${name})`, () => {
      const took = ({ start = 0, stop = 0 }) => stop - start;
      const hold = (all: Map<string, Result>) => all.get(onLab(name))!.steps!.find((step) => step.name === 'hold')!;
      assert.ok(
        took(hold(raw)) < 0 || took(hold(raw)) >= HOUR || took(hold(raw)) === 0,
        `Playwright: ${took(hold(raw))} ms`,
      );
      assert.ok(Math.abs(took(hold(completed)) - 1_850) <= 1, `${took(hold(completed))} ms`);
      const { start, steps = [] } = completed.get(onLab(name))!;
      const recover = steps.find((step) => step.name === 'recover')!;
      assert.ok(Math.abs(took(recover) - 15_600) <= 1 && recover.start! - start! < HOUR / 2);
    });
  }

  it('a weakness that showed is a failure that is accepted; one that did not, or is unknown, is neither', () => {
    const of = (name: string) => completed.get(onLab(name))!;
    assert.equal(raw.get(onLab('weak'))!.status, 'passed');
    assert.deepEqual([of('weak').status, of('weak').statusDetails?.known], ['failed', true]);
    assert.equal(of('weak').statusDetails?.message, 'failed, as expected: vote: recovery');
    for (const name of ['unknown', 'strong']) {
      assert.deepEqual([of(name).status, of(name).statusDetails?.known], ['failed', undefined], name);
    }
    assert.equal(of('quick').status, 'passed');
  });

  it('doing it again changes nothing', () => {
    const all = () =>
      readdirSync(results)
        .sort()
        .map((name) => readFileSync(path.join(results, name), 'base64'));
    const one = all();
    completeResults(results);
    assert.deepEqual(all(), one);
  });
});

describe('the availability page', () => {
  const { dir, results } = fresh('a space and # in it');
  let page = '';

  before(async () => {
    await allureResults(dir, results, matrixRuns());
    page = (await generateAllureReport(results, path.join(dir, 'report'))).availability;
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      it(`can be read at ${width} px, by the eye and by axe-core (${colorScheme})`, async () => {
        const { page: opened, complaints } = await open(page, { viewport: { width, height: 900 }, colorScheme });
        assert.equal(await scrollsSideways(opened), false);
        assert.deepEqual(await opened.evaluate(poorContrast), []);
        assert.deepEqual(await axeViolations(opened), []);
        const wide = await opened
          .locator('.matrix td, .matrix th')
          .evaluateAll((all) =>
            all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent),
          );
        assert.deepEqual(wide, [], 'something is cut');
        assert.deepEqual(complaints, []);
      });
    }
  }

  it('says of every cell what it is, and why', async () => {
    const { page: opened } = await open(page, { viewport: { width: 1280, height: 900 } });
    assert.equal(await opened.locator('.matrix tbody td').count(), 3 * 3 * 12);
    assert.equal(await opened.locator('.matrix td.not-run').count(), 9);
    const cell = (name: string) => opened.locator('.cell', { has: opened.getByRole('link', { name }) }).first();
    assert.match(
      await textOf(cell('Passed')),
      /vote recovery [\d.]+ m?s [\d.]+–[\d.]+ m?s vote available [\d.]+ % writes lost 0/,
    );
    assert.match(await textOf(cell('Skipped')), /skipped: kubernetes has no netem on its nodes/);
    assert.match(await textOf(cell('Unknown')), /unknown: fault confirmed: no proof of/);
    assert.doesNotMatch(await textOf(cell('Unknown')), /recovery/);
    assert.match(await textOf(cell('No verdict')), /no verdict: the cluster is held by another run/);
    assert.match(await textOf(cell('Known weakness')), /vote: recovery: 6\.\d s \(wanted ≤ 5 s\)/);
    assert.match(await textOf(cell('Failed')), /vote recovery > \d.* writes lost 4/);
    const label = await cell('Passed').locator('.had').getAttribute('aria-label');
    assert.match(label!, /^What users had: full [\d.]+ s, /);
  });

  it('goes by the keyboard from a cell to its timeline and back, and to its test in Allure', async () => {
    const { page: opened, complaints } = await open(page, { viewport: { width: 1280, height: 900 } });
    const cell = opened.locator('.cell', { has: opened.getByRole('button') }).first();
    await cell.getByRole('link').focus();
    await opened.keyboard.press('Tab');
    await opened.keyboard.press('Enter');
    const picture = opened.locator('.picture:popover-open');
    await picture.locator('img').waitFor();
    await picture.locator('img').evaluate((image) => (image as HTMLImageElement).decode());
    await opened.keyboard.press('Escape');
    assert.equal(await picture.count(), 0);
    await opened.keyboard.press('Shift+Tab');
    const title = (await cell.getByRole('link').getAttribute('title'))!.replace(/: scenarios.*/, '');
    await opened.keyboard.press('Enter');
    await opened.getByText(title).first().waitFor();
    assert.ok(new URL(opened.url()).pathname.endsWith('/report/index.html'), opened.url());
    await opened.getByText('Availability', { exact: true }).click();
    await opened.getByRole('heading', { name: 'Platform, workload and fault' }).waitFor();
    assert.deepEqual(
      complaints.filter((text) => text.startsWith('request:')),
      [],
    );
  });

  it('needs no script and no network: every file that it names is there', async () => {
    const { page: opened, complaints } = await open(page, { javaScriptEnabled: false, offline: true });
    assert.equal(await opened.locator('script').count(), 0);
    assert.ok(await opened.getByText('member-kill').first().isVisible());
    const links = await opened.locator('a').evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href));
    for (const link of new Set(links.map((one) => one.replace(/#[^#]*$/, ''))))
      assert.ok(existsSync(fileURLToPath(link)), link);
    assert.deepEqual(complaints, []);
  });
});

// biome-ignore lint/performance/useDomNodeTextContent: as it is read, with the spaces between what stands apart
const textOf = async (one: Locator) => (await one.innerText()).replaceAll(/\s+/g, ' ');

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // In the page, where it is what was just put there.
  return page.evaluate(async () => (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`));
}

describe('runs after one another', () => {
  const { dir } = fresh('trend');
  const history = path.join(dir, 'history.jsonl');
  const weak = {
    file: 'scenarios/weak.yaml',
    title: 'weak',
    expect: 'fail' as const,
    objectives: { vote: { recovery: 500 } },
  };
  const runs = (length: number, confirmed = true) => [
    judgedRun({}, { ...outageOf(length), confirmed }),
    judgedRun({ scenario: weak }, outageOf(2_000)),
  ];
  let pages: AllurePages;

  before(async () => {
    let number = 0;
    const report = async (endings: Ending[]) => {
      const results = path.join(dir, `results-${number++}`);
      await allureResults(dir, results, endings);
      pages = await generateAllureReport(results, path.join(dir, 'report'), history);
    };
    await report(runs(2_000));
    await report(runs(2_000, false));
    await report(runs(2_100));
    await report(runs(7_000));
  });

  it('the page’s sparkline shows the slower one, and which is not known', async () => {
    const { page } = await open(pages.availability, { viewport: { width: 1280, height: 700 } });
    const line = page.locator('.cell', { has: page.getByRole('link', { name: /node-kill/ }) }).locator('.past');
    const label = await line.locator('svg').getAttribute('aria-label');
    assert.match(label!, /^Recovery of vote, run by run: 2\.\d+ s, not known \(unknown\), 2\.\d+ s, 7\.\d+ s$/);
    const heights = await line.locator('circle').evaluateAll((all) => all.map((one) => Number(one.getAttribute('cy'))));
    assert.ok(heights[3]! < heights[2]! - 8, `drawn from the top at ${heights}`);
    await look(page, 'sparkline');
  });

  it('Allure’s own trend of the metric shows it, and the history has each metric by its key', async () => {
    const points = readFileSync(history, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const key = 'scenarios/voting/node-kill.yaml // clusters/lab-swarm.yaml // vote // recovery';
    const values = points.map(({ metrics }) => metrics[key]);
    assert.ok(values[0] < 2.5 && values[1] === undefined && values[2] < 2.6 && values[3] > 7, `${values}`);
    const { page, complaints } = await open(pages.allure, { viewport: { width: 1280, height: 1100 } });
    await page.getByText('Report', { exact: true }).first().click();
    await page.getByText('Metrics', { exact: true }).first().click();
    await page.getByText('vote: recovery').first().waitFor();
    await look(page, 'metrics');
    assert.deepEqual(
      complaints.filter((text) => text.startsWith('request:')),
      [],
    );
  });

  it('Allure counts the weakness as accepted', async () => {
    const { page } = await open(pages.allure, { viewport: { width: 1280, height: 900 } });
    await page.getByText('Resolutions').first().click();
    await page.getByText('Accepted from result (known)').first().waitFor();
    await look(page, 'accepted');
    await page.getByText('Categories').first().click();
    await page.getByText('A weakness that showed').first().waitFor();
  });
});

/** A picture to look at, where a folder for it is given. */
async function look(page: Page, name: string): Promise<void> {
  const { PICTURES_FOLDER } = process.env;
  if (PICTURES_FOLDER) await page.screenshot({ path: path.join(PICTURES_FOLDER, `${name}.png`) });
}

describe('results of two jobs', () => {
  const { dir, results } = fresh('jobs');

  it('make one report, with the runs of both side by side, and what neither could undo', async () => {
    const jobs = ['one', 'two'].map((name) => path.join(dir, name));
    await allureResults(dir, jobs[0]!, [judgedRun({}, outageOf(2_000))]);
    await allureResults(dir, jobs[1]!, [judgedRun({ platform: 'kubernetes' }, outageOf(3_000))]);
    for (const job of jobs) completeResults(job);
    attachNotUndone(jobs[1]!, 'run-7f3a', ['power.on w1']);
    mkdirSync(path.join(dir, '.brownout'));
    const cli = path.join(import.meta.dirname, '../../cli/main.ts');
    const { stdout } = await execa(process.execPath, [cli, 'report', '--json', '--allure', ...jobs], { cwd: dir });
    const pages = JSON.parse(stdout) as AllurePages;
    const { page } = await open(pages.availability);
    assert.deepEqual(await page.locator('.matrix th[scope=colgroup]').allTextContents(), ['kubernetes', 'swarm']);
    assert.equal(await page.getByRole('link', { name: 'Passed' }).count(), 2);
    const opened = (await open(pages.allure)).page;
    await opened.getByText('Global Attachments').first().click();
    for (const name of ['Compared: voting, node-kill, 2 runs', 'Not undone: run-7f3a'])
      await opened.getByText(name).first().waitFor();
    await look(opened, 'globals');
    for (const name of ['allure-report/index.html', 'allure-report/availability/index.html', 'allure-history.jsonl'])
      assert.ok(existsSync(path.join(dir, '.brownout', name)), name);
    assert.equal(samplesIn(path.join(dir, '.brownout', 'allure-results')).length, 18);
    assert.ok(!existsSync(results));
  });

  it('a folder without results is told', async () => {
    const cli = path.join(import.meta.dirname, '../../cli/main.ts');
    const told = await execa(process.execPath, [cli, 'report', '--allure', dir], { cwd: dir, reject: false });
    assert.equal(told.exitCode, 3);
    assert.match(told.stderr, /There are no Allure results in/);
  });
});

describe('hostile text', () => {
  const { dir, results } = fresh('hostile');
  const EVIL = '<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"\'&</title></style>]]>\u202e';

  it('runs no script and makes no request, in any field', async () => {
    const place = {
      platform: EVIL,
      cluster: `clusters/${EVIL}.yaml`,
      scenario: {
        file: `scenarios/${EVIL}.yaml`,
        title: EVIL,
        workload: EVIL,
        faults: [{ fault: EVIL, options: { [EVIL]: EVIL } }],
        objectives: { [EVIL]: { recovery: 1_000 } },
      },
    };
    const run = outageOf(2_000, { name: EVIL, instances: [EVIL], lost: 2 });
    const judged = judgedRun(place, run);
    const { findings } = judged;
    for (const check of findings.checks) Object.assign(check, { what: EVIL, observed: EVIL, wanted: EVIL });
    for (const event of findings.timeline) event.text = EVIL;
    findings.warnings = [EVIL];
    findings.cleanUp = { left: [EVIL], pending: [EVIL] };
    findings.configuration.push({ group: 'nodes', name: EVIL, value: EVIL });
    const second = { ...judgedRun(place, run), journey: EVIL };
    const other = { ...place, cluster: 'clusters/other.yaml' };
    const endings: Ending[] = [
      judged,
      second,
      { meta: judgedRun(other, run).meta, skipped: EVIL },
      {
        meta: judgedRun({ ...other, scenario: { ...place.scenario, file: 'scenarios/b.yaml' } }, run).meta,
        thrown: EVIL,
      },
    ];
    const history = path.join(dir, 'history.jsonl');
    let pages: AllurePages | undefined;
    for (const name of [results, `${results}-again`]) {
      await allureResults(dir, name, endings);
      attachNotUndone(name, EVIL, [EVIL]);
      pages = await generateAllureReport(name, path.join(dir, 'report'), history);
    }
    const { page, complaints } = await open(pages!.availability);
    assert.equal(await page.locator('script').count(), 0);
    assert.equal(await page.locator('img:not([src^="data:image/svg+xml;base64,"])').count(), 0);
    assert.equal(await page.locator('.cell').count(), 4);
    assert.equal(await page.locator('.past').count(), 2);
    for (const button of await page.locator('button[popovertarget]:visible').all()) {
      await button.click();
      await page.keyboard.press('Escape');
    }
    assert.deepEqual(complaints, []);
    const opened = await open(pages!.allure, { viewport: { width: 1280, height: 900 } });
    await opened.page.getByText('<script>alert(1)').first().click();
    await opened.page.getByText('Global Attachments').first().waitFor();
    assert.deepEqual(
      opened.complaints.filter((text) => /^(request|dialog):/.test(text)),
      [],
    );
  });
});

describe('a whole run, in a project whose folder has a space and # in its name', () => {
  const { dir: project } = fresh('own # project');

  it('leaves both pages where people look for them, and tells in them what could not be undone', async () => {
    copyExamples(project);
    mkdirSync(path.join(project, 'node_modules'));
    symlinkSync(path.resolve(import.meta.dirname, '../..'), path.join(project, 'node_modules', 'brownout'));
    const toy = path.join(project, 'platforms', 'toy', 'toy.ts');
    const place = '    // Keepers first';
    const whole = readFileSync(toy, 'utf8');
    assert.ok(whole.includes(place));
    writeFileSync(toy, whole.replace(place, `    throw new PermanentError('held by <b>somebody</b>');\n${place}`));
    const run = startBrownout(project, 'run', 'scenarios/killed.yaml', '--cluster', 'clusters/toy.yaml');
    const code = await run.ended;
    writeFileSync(toy, whole);
    const undo = startBrownout(project, 'undo');
    assert.equal(await undo.ended, 0, undo.output());
    assert.equal(code, 4, run.output());
    assert.match(run.output(), /^Availability: .*\/availability\/index\.html\nAllure report: .*\/index\.html$/m);
    const published = path.join(project, '.brownout', 'allure-report');
    const { page, complaints } = await open(path.join(published, 'availability', 'index.html'), { offline: true });
    assert.match(
      await textOf(page.locator('.banner')),
      /Not as it was before .*remove.*To put it right: brownout undo/,
    );
    assert.equal(await page.locator('.cell').count(), 1);
    await page.getByRole('link', { name: /^(Passed|Failed|Unknown)/ }).click();
    await page.getByText('A hello survives the death of its servers').first().waitFor();
    const allure = await open(path.join(published, 'index.html'), { offline: true });
    await allure.page.getByText('Global Attachments').first().click();
    await allure.page
      .getByText(/^Not undone: /)
      .first()
      .waitFor();
    assert.deepEqual(
      [...complaints, ...allure.complaints].filter((text) => text.startsWith('request:')),
      [],
    );
  });
});
