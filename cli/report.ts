import path from 'node:path';
import { Command, Option } from 'commander';
import { writeWhole } from '../disk/write-whole.ts';
import { asJson, stdout } from '../output/terminal.ts';
import { gatherResults } from '../reports/allure/gather.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { InvocationFolder } from '../run/invocation/folder.ts';
import { readFindings } from '../run/judge.ts';
import { shownPath } from '../run/plan.ts';
import { OperatorError } from '../units/operator-error.ts';
import { readRun } from './recordings.ts';
import { publishAllure, tellPages } from './run/allure.ts';

interface ReportFlags {
  allure?: string[];
  html?: string;
  json?: boolean;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('writes the HTML report of a recording again and shows its summary, without judging it again')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; the newest without it')
    .option('--html <file>', 'where to write it (default: report.html in the recording)')
    .addOption(
      new Option(
        '--allure <folder...>',
        'one Allure report of the results of several `brownout run`s instead, such as of parallel jobs',
      ).conflicts('html'),
    )
    .option('--json', 'the findings and the path of the report as JSON')
    .action(async (name: string | undefined, flags: ReportFlags) => {
      if (flags.allure) return reportTogether(flags.allure, flags, name);
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

/** Published like that of a `brownout run`: with the project's history, and where the newest is looked for. */
async function reportTogether(folders: string[], { json }: ReportFlags, run: string | undefined): Promise<void> {
  if (run !== undefined)
    throw new OperatorError(`The run '${run}' and --allure are given.`, { hint: 'Give one of the two.' });
  const own = new InvocationFolder();
  gatherResults(folders, own.allureResults);
  const pages = await publishAllure(own, true);
  if (!pages) throw new OperatorError('There is no report.', { hint: 'The reason is told above.' });
  if (json) stdout.print(asJson(pages));
  else tellPages(pages);
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
