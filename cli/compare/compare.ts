import { Command, InvalidArgumentError, Option } from 'commander';
import { compare } from '../../analysis/comparison/compare.ts';
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { asDocument, asJson, type Styled, stdout } from '../../output/terminal.ts';
import { renderComparisonPage } from '../../reports/compare/html.ts';
import { renderMarkdown } from '../../reports/compare/markdown.ts';
import { renderComparison } from '../../reports/compare/terminal.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { readNewest, readRun } from '../recordings.ts';
import { compareClaims } from './claims.ts';
import { byId, type ReadRun, readJudged, requireOneWay, writePage } from './compared-runs.ts';

interface CompareFlags {
  last?: number;
  claims?: string;
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
    .option(
      '--claims <file>',
      'by the claims that they answer: what each rests on, and what was measured of it; of all runs unless some are named',
    )
    .addOption(new Option('--markdown', 'as Markdown').conflicts('json'))
    .option('--json', 'as JSON')
    .action(async (names: string[], flags: CompareFlags) => {
      if (flags.claims !== undefined) return compareClaims(flags.claims, names, flags);
      const runs = atLeastTwo(chooseRuns(names, flags.last));
      const comparison = compare([...runs.values()].map(({ value }) => value));
      if (flags.html !== undefined) {
        writePage(flags.html, 'Comparison', runs, (links) => renderComparisonPage(comparison, links));
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
  requireOneWay(names, last);
  if (last === undefined) return names.map((name) => readRun(name, readJudged));
  return readNewest(last, readJudged);
}

function atLeastTwo(given: ReadRun[]): Map<string, ReadRun> {
  const runs = byId(given);
  if (runs.size >= 2) return runs;
  throw new OperatorError(
    `A comparison takes at least two runs, ${runs.size === 1 ? 'and this is one' : 'and none is given'}.`,
    {
      hint: 'brownout compare <run> <run>, or --last 2; `brownout runs` lists what there is',
    },
  );
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 2) return count;
  throw new InvalidArgumentError('expected a whole number, at least 2');
}
