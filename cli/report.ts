import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { Findings } from '../analysis/findings.ts';
import { findRun, type RunFolder } from '../recording/folder.ts';
import type { RunMeta } from '../recording/recording.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { judgeRun } from '../run/judge.ts';
import { shownPath } from '../run/plan.ts';
import { OperatorError } from '../units/operator-error.ts';

interface ReportFlags {
  html?: string;
  json?: boolean;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('writes the HTML report of a recording again and shows its summary; judges nothing anew')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; the newest without it')
    .option('--html <file>', 'where to write it (default: report.html in the recording)')
    .option('--json', 'the findings and the path of the report as JSON')
    .action((name: string | undefined, flags: ReportFlags) => {
      const folder = findRun(name);
      const { meta, findings } = readFindings(folder);
      const file = path.resolve(flags.html ?? folder.report);
      write(file, renderHtml({ meta, findings }));
      if (flags.json) return console.log(JSON.stringify({ report: file, findings }, null, 2));
      const color = Boolean(process.stdout.isTTY && !process.env.NO_COLOR);
      console.log(renderSummary(meta, findings, { color, width: process.stdout.columns ?? 160 }));
      console.log(`Report: ${shownPath(file)}`);
    });
}

/** The findings that the run was judged by; a run that was killed before has none yet, so its recording is judged now. */
function readFindings(folder: RunFolder): { meta: RunMeta; findings: Findings } {
  if (!existsSync(folder.findings) || !existsSync(folder.meta)) return judgeRun(folder);
  return { meta: read<RunMeta>(folder.meta), findings: read<Findings>(folder.findings) };
}

function read<T extends { version: number }>(file: string): T {
  let value: T;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new OperatorError(`${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Write it anew from the recording: brownout judge',
      cause,
    });
  }
  if (value?.version === 1) return value;
  throw new OperatorError(`${file} is of version ${value?.version}, expected 1.`, {
    hint: 'Use the suite that wrote it.',
  });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new OperatorError(`The report cannot be written: ${(cause as Error).message}`, {
      hint: 'Give a file in a folder that exists: --html report.html',
      cause,
    });
  }
}
