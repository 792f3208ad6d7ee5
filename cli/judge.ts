import { Command } from 'commander';
import { gateOf } from '../analysis/validity.ts';
import { findRun } from '../recording/folder.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { judgeRun } from '../run/judge.ts';
import { loadProject } from '../run/parts.ts';
import { shownPath } from '../run/plan.ts';
import { loadScenario } from '../scenarios/load.ts';
import { writeWhole } from '../units/write-whole.ts';
import { exit } from './exit.ts';

export function judgeCommand(): Command {
  return new Command('judge')
    .description('judges a recording again, offline, with the same or other objectives')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; the newest without it')
    .option('-s, --scenario <file>', 'objectives of this scenario file instead of the recorded ones')
    .option('--json', 'the findings as JSON')
    .action(async (name: string | undefined, flags: { scenario?: string; json?: boolean }) => {
      const folder = findRun(name);
      await loadProject(process.cwd());
      const scenario = flags.scenario === undefined ? undefined : await loadScenario(flags.scenario);
      const { meta, findings } = judgeRun(folder, scenario);
      const text = JSON.stringify(findings, null, 2);
      // With other objectives this is a what-if: the recording keeps the verdict by its own.
      if (!scenario) {
        writeWhole(folder.findings, `${text}\n`, 0o600);
        writeWhole(folder.report, renderHtml({ meta, findings }), 0o600);
      }
      const color = Boolean(process.stdout.isTTY && !process.env.NO_COLOR);
      console.log(flags.json ? text : renderSummary(meta, findings, { color, width: process.stdout.columns ?? 160 }));
      if (!flags.json && !scenario) console.log(`Report: ${shownPath(folder.report)}`);
      process.exitCode = exit[gateOf(findings, scenario ?? meta.scenario)];
    });
}
