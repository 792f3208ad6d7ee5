/**
 * `npm run pictures`: makes docs/pictures/*.png anew, from the sample recordings (`tests/data/recordings`, real runs) and in a
 * real Chromium. Look at them before they are committed.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Page, PageScreenshotOptions } from '@playwright/test';
import { execa } from 'execa';
import { compare } from '../analysis/comparison/compare.ts';
import { generateAllureReport } from '../reports/allure/generate.ts';
import { renderComparisonPage } from '../reports/compare/html.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { open, startBrowser, stopBrowser } from '../tests/pages.ts';
import { sampleRuns } from './pictures/samples.ts';
import { terminalPage } from './pictures/terminal-page.ts';

const root = path.dirname(import.meta.dirname);
const LARGEST = 200 * 1024;
/** As wide as a page on GitHub shows pictures without making them smaller, or nearly. */
const WIDTH = 1000;
const MARGIN = 14;

const runs = sampleRuns();
/** It lost acknowledged votes. */
const failed = runs.find(({ findings }) => findings.verdict === 'fail')!;
/** The same scenario on each platform. */
const nodeKills = runs.filter(({ findings }) => findings.title === 'Voting goes on when a node dies');

mkdirSync(path.join(root, '.brownout'), { recursive: true });
// Inside the project: Playwright's spec finds the packages from there.
const folder = mkdtempSync(path.join(root, '.brownout', 'pictures-'));
await startBrowser();
try {
  await picturesOfReport();
  await pictureOfComparison();
  await pictureOfTerminal();
  await pictureOfAllure();
} finally {
  await stopBrowser();
  rmSync(folder, { recursive: true, force: true });
}

/** The verdict with its checks, and the timeline while the node was dead. */
async function picturesOfReport(): Promise<void> {
  const page = await show('report.html', renderHtml(failed));
  await save(page, 'report', await upTo(page, 'section:has(#checks)'));
  // An event of the platform is read out, as if somebody pointed at it.
  await page.getByRole('button', { name: /node w2: ready → down/ }).hover();
  await save(page, 'timeline', await upTo(page, 'section:has(#timeline)', 'section:has(#timeline)'));
}

/** Who recovered first, and what users had meanwhile. */
async function pictureOfComparison(): Promise<void> {
  const page = await show('comparison.html', renderComparisonPage(compare(nodeKills), new Map()));
  await save(page, 'comparison', await upTo(page, 'section:has(#users)', 'section:has(#in-short)'));
}

async function pictureOfTerminal(): Promise<void> {
  const { meta, findings } = nodeKills.at(-1)!;
  const summary = renderSummary(meta, findings, { color: true, width: 110 });
  const page = await show('terminal.html', terminalPage(`brownout report ${meta.id}`, summary.text));
  await save(page, 'terminal', await upTo(page, 'pre'));
}

async function pictureOfAllure(): Promise<void> {
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );
  const config = path.join(import.meta.dirname, 'pictures', 'allure', 'playwright.config.ts');
  await execa(process.execPath, [cli, 'test', '-c', config], { cwd: root, env: { PICTURES_FOLDER: folder } });
  const { allure, availability } = await generateAllureReport(
    path.join(folder, 'allure-results'),
    path.join(folder, 'allure-report'),
  );
  const { page } = await open(allure, { viewport: { width: WIDTH, height: 960 } });
  // What failed is open already, and what holds it.
  await page.getByText('voting (hardened)', { exact: true }).last().click();
  await page.mouse.move(0, 0);
  await save(page, 'allure');
  const { page: matrix } = await open(availability, { viewport: { width: WIDTH, height: 800 } });
  await save(matrix, 'availability', await upTo(matrix, 'section:has(#matrix)'));
}

async function show(name: string, text: string): Promise<Page> {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  const { page, complaints } = await open(file, { viewport: { width: WIDTH, height: 800 } });
  if (complaints.length > 0) throw new Error(`${name}: ${complaints.join('; ')}`);
  return page;
}

type Clip = NonNullable<PageScreenshotOptions['clip']>;

/** The page's part from the top of one element, or of the page, to the end of a section. */
async function upTo(page: Page, section: string, from?: string): Promise<Clip> {
  // Where it stands in the page, however far that is scrolled.
  const box = (selector: string) =>
    page.locator(selector).evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return { right: left + width, top: top + scrollY, bottom: top + scrollY + height };
    });
  const last = await box(section);
  const y = from === undefined ? 0 : (await box(from)).top - MARGIN;
  return { x: 0, y: Math.max(0, y), width: last.right + MARGIN, height: last.bottom + MARGIN - Math.max(0, y) };
}

async function save(page: Page, name: string, clip?: Clip): Promise<void> {
  const file = path.join(import.meta.dirname, 'pictures', `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled', ...(clip ? { clip, fullPage: true } : {}) });
  const { size } = statSync(file);
  console.log(`${path.relative(root, file)}  ${Math.ceil(size / 1024)} KiB`);
  if (size > LARGEST) throw new Error(`${file} is larger than ${LARGEST / 1024} KiB`);
}
