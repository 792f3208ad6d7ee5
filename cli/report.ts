import path from 'node:path';
import { Command } from 'commander';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { readFindings } from '../run/judge.ts';
import { shownPath } from '../run/plan.ts';
import { OperatorError } from '../units/operator-error.ts';
import { asJson, stdout } from '../units/terminal.ts';
import { writeWhole } from '../units/write-whole.ts';
import { readRun } from './recordings.ts';

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
      const { folder, value } = readRun(name, (run) => {
        const judged = readFindings(run);
        return { ...judged, page: renderHtml(judged) };
      });
      const { meta, findings, page } = value;
      const file = path.resolve(flags.html ?? folder.report);
      // One that is written elsewhere is for whoever it is written for.
      write(file, page, flags.html === undefined ? 0o600 : 0o666);
      if (flags.json) return stdout.print(asJson({ report: file, findings }));
      const { color, columns: width = 160 } = stdout;
      stdout.print(renderSummary(meta, findings, { color, width }));
      stdout.print(`Report: ${shownPath(file)}`);
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
