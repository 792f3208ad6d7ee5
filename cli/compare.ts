import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { compare } from '../analysis/comparison/compare.ts';
import type { Comparison } from '../analysis/comparison/comparison.ts';
import type { ComparedRun } from '../analysis/comparison/factors.ts';
import type { RunFolder } from '../recording/folder.ts';
import { renderComparisonPage } from '../reports/compare/html.ts';
import { renderMarkdown } from '../reports/compare/markdown.ts';
import { renderComparison } from '../reports/compare/terminal.ts';
import { judgeRun } from '../run/judge.ts';
import { shownPath } from '../run/plan.ts';
import { OperatorError } from '../units/operator-error.ts';
import { asDocument, asJson, type Styled, stderr, stdout } from '../units/terminal.ts';
import { writeWhole } from '../units/write-whole.ts';
import { type Read, readNewest, readRun } from './recordings.ts';

interface CompareFlags {
  last?: number;
  html?: string;
  markdown?: boolean;
  json?: boolean;
}

export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'shows runs side by side: what differs between them, and the effect on users, the platform and the data',
    )
    .argument('[runs...]', 'two runs or more, each by id, the end of its id, or its folder')
    .addOption(new Option('--last <number>', 'the newest runs instead').argParser(parseCount))
    .option('--html <file>', 'also write a page')
    .addOption(new Option('--markdown', 'as Markdown').conflicts('json'))
    .option('--json', 'as JSON')
    .action((names: string[], flags: CompareFlags) => {
      const runs = byId(chooseRuns(names, flags.last));
      const comparison = compare([...runs.values()].map(({ value }) => value));
      if (flags.html !== undefined) {
        const file = path.resolve(flags.html);
        write(file, renderComparisonPage(comparison, linksFrom(path.dirname(file), runs)));
        stderr.print(`Comparison: ${shownPath(file)}`);
      }
      stdout.print(textOf(comparison, flags));
    });
}

function textOf(comparison: Comparison, { json, markdown }: CompareFlags): Styled {
  if (json) return asJson(comparison);
  if (markdown) return asDocument(renderMarkdown(comparison));
  const { color, columns: width = 160 } = stdout;
  return renderComparison(comparison, { color, width });
}

function chooseRuns(names: string[], last: number | undefined): ReadRun[] {
  if (names.length > 0 && last !== undefined) {
    throw new OperatorError('Runs are given by name and by --last.', { hint: 'Give one of the two.' });
  }
  if (last === undefined) return names.map((name) => readRun(name, read));
  return readNewest(last, read);
}

type ReadRun = Read<ComparedRun>;

/** By id, so that a run that is given twice, or as a copy, counts once. */
function byId(given: ReadRun[]): Map<string, ReadRun> {
  const runs = new Map<string, ReadRun>();
  for (const each of given) if (!runs.has(each.value.meta.id)) runs.set(each.value.meta.id, each);
  if (runs.size >= 2) return runs;
  throw new OperatorError(
    `A comparison takes at least two runs, ${runs.size === 1 ? 'and this is one' : 'and none is given'}.`,
    {
      hint: 'brownout compare <run> <run>, or --last 2; `brownout runs` lists what there is',
    },
  );
}

/** All runs are judged again now, by the same rules, whichever version of the suite recorded them. */
function read(folder: RunFolder): ComparedRun {
  try {
    return judgeRun(folder);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(`The recording in ${folder.dir} cannot be read: ${(cause as Error).message}`, {
      hint: 'Leave it out of the comparison.',
      cause,
    });
  }
}

/** Links from the page to each run's own report, if it has one. */
function linksFrom(dir: string, runs: Map<string, ReadRun>): Map<string, string> {
  const reports = [...runs].filter(([, { folder }]) => existsSync(folder.report));
  return new Map(
    reports.map(([id, { folder }]) => [
      id,
      path.relative(dir, folder.report).split(path.sep).map(encodeURIComponent).join('/'),
    ]),
  );
}

function write(file: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch (cause) {
    throw new OperatorError(`The page cannot be written: ${(cause as Error).message}`, {
      hint: 'Give a file in a folder that exists: --html compare.html',
      cause,
    });
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 2) return count;
  throw new InvalidArgumentError('expected a whole number, at least 2');
}
