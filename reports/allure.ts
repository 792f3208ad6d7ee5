/** What Allure gets from a test of the scenario runner: suite, labels and parameters, description and attachments. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TestInfo } from '@playwright/test';
import { description, labels, parameter } from 'allure-js-commons';
import type { Findings } from '../analysis/findings.ts';
import { projectPath } from '../files/project-path.ts';
import { printable } from '../output/printable.ts';
import { type RunFolder, vantageFiles } from '../recording/folder.ts';
import type { RunMeta } from '../recording/recording.ts';
import { sayLeftOut } from './allure/metrics.ts';
import { CHECK_LABEL, CLUSTER_LABEL, FINDINGS, JOURNEY_LABEL, META, VERDICT_LABEL } from './allure/names.ts';
import { cleanUpOf } from './clean-up.ts';
import { timelineImage } from './html/timeline-svg.ts';
import { sayKnee, sayLoad } from './load-findings.ts';
import { inline } from './markdown.ts';
import { marksCsv } from './marks-csv.ts';
import { whoSawWhat } from './vantages.ts';
import { sayCheck, sayExpected, sayVerdict, suitesOf } from './wording.ts';

/** The Allure report is a single HTML file: larger files of a recording are not attached. */
const LARGEST = 8 * 2 ** 20;

interface Named {
  name: string;
  value: string;
}

interface Attachment {
  name: string;
  contentType: string;
  /** Either a file or the content itself. */
  path?: string;
  body?: string;
}

interface AllureDescription {
  /** Markdown. */
  description: string;
  attachments: Attachment[];
}

export function describeForAllure(meta: RunMeta, findings: Findings, folder: RunFolder): AllureDescription {
  const files: [string, string, string][] = [
    ['Report', folder.report, 'text/html'],
    [FINDINGS, folder.findings, 'application/json'],
    [META, folder.meta, 'application/json'],
    ['events.jsonl', folder.events, 'text/plain'],
    ['journal.jsonl', folder.journal, 'text/plain'],
    ['samples.bin', folder.samples, 'application/octet-stream'],
    ['load.jsonl', folder.load, 'text/plain'],
    ...(findings.vantages ?? []).flatMap(({ vantage }) => filesOfVantage(folder, vantage)),
  ];
  const present = files.filter(([, file]) => existsSync(file));
  const [small, large] = [present.filter(([, file]) => isSmall(file)), present.filter(([, file]) => !isSmall(file))];
  const [report, ...recording] = small.map(([name, file, contentType]) => ({ name, path: file, contentType }));
  return {
    description: describe(
      meta,
      findings,
      large.map(([, file]) => path.resolve(file)),
    ),
    attachments: [
      { name: 'Timeline', contentType: 'image/svg+xml', body: timelineImage(findings) },
      ...(report ? [report] : []),
      { name: 'Marks by stream', contentType: 'text/csv', body: marksCsv(findings) },
      ...recording,
    ],
  };
}

function filesOfVantage({ vantages }: RunFolder, name: string): [string, string, string][] {
  const { samples, clock } = vantageFiles(vantages, name);
  return [
    [`vantages/${name}/samples.bin`, samples, 'application/octet-stream'],
    [`vantages/${name}/clock.jsonl`, clock, 'text/plain'],
  ];
}

const isSmall = (file: string) => statSync(file).size <= LARGEST;

function describe(meta: RunMeta, findings: Findings, elsewhere: string[]): string {
  const { sentence, items, command } = cleanUpOf(meta, findings);
  // A list, because Allure does not wrap the cells of a table and cuts it at the right.
  const checks = findings.checks.map(
    ({ verdict, what, observed, wanted }) =>
      `- **${verdict}** ${inline(what)}: ${inline(observed)}; wanted: ${inline(wanted)}`,
  );
  const expected = sayExpected(meta, findings);
  const leftOut = sayLeftOut(findings);
  return [
    inline(sayVerdict(findings)),
    ...(expected === undefined ? [] : [inline(expected)]),
    checks.join('\n'),
    ...(findings.load ? [`Load: ${inline([sayLoad(findings.load), ...sayKnee(findings.load)].join('; '))}`] : []),
    ...(leftOut.length > 0 ? [`Not among the metrics: ${inline(leftOut.join('; '))}`] : []),
    ...whoSawWhat(findings).map(({ name, what }) => `Seen from ${inline(name)}: ${inline(what)}`),
    ...findings.warnings.map((warning) => `Warning: ${inline(warning)}`),
    inline(sentence),
    ...items.map(({ kind, text }) => `${kind === 'left' ? 'Not as before' : 'Not undone'}: ${inline(text)}`),
    ...(command === undefined ? [] : [`To put it right: ${inline(command)}`]),
    ...elsewhere.map((file) => `Too large to attach: ${inline(file)}`),
  ].join('\n\n');
}

/** The verdict, and each kind of check that decided it: Allure's categories match on these labels. */
export function labelsOfVerdict({ verdict, checks }: Findings): Named[] {
  const decisive = checks.filter((check) => check.verdict === verdict && verdict !== 'pass').map(({ kind }) => kind);
  return [
    { name: VERDICT_LABEL, value: verdict },
    ...[...new Set(decisive)].map((value) => ({ name: CHECK_LABEL, value })),
  ];
}

/**
 * Says which scenario on which cluster the current test is: its place, its environment, and what Allure tells it from others by. Said before the
 * run, so that a test that is skipped, refused or crashes is the same test in Allure's history as one that was judged. `journey` is its file and its
 * titles, for a test that is one.
 */
export async function identifyInAllure(
  { scenario, cluster }: Pick<RunMeta, 'scenario' | 'cluster'>,
  journey?: string,
): Promise<void> {
  const [parentSuite, suite, fault] = suitesOf({ scenario, cluster });
  const places = {
    ...(journey === undefined ? {} : { [JOURNEY_LABEL]: journey }),
    ...{ parentSuite, suite, subSuite: fault, [CLUSTER_LABEL]: cluster.name },
  };
  await labels(...Object.entries(places).map(([name, value]) => ({ name, value: printable(value) })));
  // A change in one of them starts a new history in Allure, so no ids, times or seeds.
  const parameters = {
    platform: cluster.platform,
    cluster: cluster.name,
    scenario: projectPath(scenario.file),
    variant: scenario.variant,
    fault,
  };
  for (const [name, value] of Object.entries(parameters)) await parameter(name, printable(value));
}

/** Adds a judged run to the current test. Without Allure among the reporters, only the files are attached. */
export async function attachToAllure(
  testInfo: TestInfo,
  { meta, findings, folder }: { meta: RunMeta; findings: Findings; folder: RunFolder },
): Promise<void> {
  const described = describeForAllure(meta, findings, folder);
  await labels(...labelsOfVerdict(findings).map(({ name, value }) => ({ name, value: printable(value) })));
  await description(described.description);
  for (const { name, ...attachment } of described.attachments) await testInfo.attach(name, attachment);
}

/**
 * The error of a test whose run did not pass. Its first line is stable from run to run, `failed: vote: lost` or
 * `unknown: fault confirmed`. The numbers follow below.
 */
export function failureMessage(findings: Findings): string {
  const decisive = findings.checks.filter(({ verdict }) => verdict === findings.verdict);
  const others = findings.checks.filter(({ verdict }) => verdict !== findings.verdict && verdict !== 'pass');
  const word = findings.verdict === 'fail' ? 'failed' : findings.verdict;
  const what = decisive.map((check) => check.what).join('; ') || 'no check says why';
  return [
    `${word}: ${what}`,
    '',
    ...[...decisive, ...others].map((check) => `  ${check.verdict}: ${sayCheck(check)}`),
  ].join('\n');
}
