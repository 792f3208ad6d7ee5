import path from 'node:path';
import { Command } from 'commander';
import { findRun } from '../recording/folder.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { readFindings } from '../run/judge.ts';
import { shownPath } from '../run/plan.ts';
import { OperatorError } from '../units/operator-error.ts';
import { writeWhole } from '../units/write-whole.ts';

interface ReportFlags {
  html?: string;
  json?: boolean;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('writes the HTML report of a recording again and shows its summary, without judging it again')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; the newest without it')
    .option('--html <file>', 'where to write it (default: report.html in the recording)')
    .option('--json', 'the findings and the path of the report as JSON')
    .action((name: string | undefined, flags: ReportFlags) => {
      const folder = findRun(name);
      const { meta, findings } = readFindings(folder);
      const file = path.resolve(flags.html ?? folder.report);
      // A recording is for its owner alone; a page that is put elsewhere is for whom that folder is for.
      write(file, renderHtml({ meta, findings }), flags.html === undefined ? 0o600 : 0o666);
      if (flags.json) return console.log(JSON.stringify({ report: file, findings }, null, 2));
      const color = Boolean(process.stdout.isTTY && !process.env.NO_COLOR);
      console.log(renderSummary(meta, findings, { color, width: process.stdout.columns ?? 160 }));
      console.log(`Report: ${shownPath(file)}`);
    });
}

function write(file: string, text: string, mode: number): void {
  try {
    writeWhole(file, text, mode);
  } catch (cause) {
    throw new OperatorError(`The report cannot be written: ${(cause as Error).message}`, {
      hint: 'Give a file in a folder that exists: --html report.html',
      cause,
    });
  }
}
