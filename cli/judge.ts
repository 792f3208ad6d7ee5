import { Command } from 'commander';
import { gateOf } from '../analysis/validity.ts';
import { writeWhole } from '../disk/write-whole.ts';
import { asJson, stdout } from '../output/terminal.ts';
import { writeJson } from '../recording/json.ts';
import { renderHtml } from '../reports/html/html.ts';
import { renderSummary } from '../reports/terminal.ts';
import { judgeRun } from '../run/judge.ts';
import { loadProject } from '../run/parts.ts';
import { shownPath } from '../run/plan.ts';
import { loadScenario } from '../scenarios/load.ts';
import { scenarioOn } from '../scenarios/on-cluster.ts';
import { exit } from './exit.ts';
import { readRun } from './recordings.ts';

export function judgeCommand(): Command {
  return new Command('judge')
    .description('judges a recording again, offline, with the same or other objectives')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; the newest without it')
    .option('-s, --scenario <file>', 'objectives of this scenario file instead of the recorded ones')
    .option('--json', 'the findings as JSON')
    .action(async (name: string | undefined, flags: { scenario?: string; json?: boolean }) => {
      await loadProject(process.cwd());
      const scenario = flags.scenario === undefined ? undefined : await loadScenario(flags.scenario);
      const { folder, value } = readRun(name, (run) => {
        const judged = judgeRun(run, scenario);
        return { ...judged, page: renderHtml(judged) };
      });
      const { meta, findings, page } = value;
      // With other objectives this is a what-if: the recording keeps the verdict by its own.
      if (!scenario) {
        writeJson(folder.findings, findings);
        writeWhole(folder.report, page, 0o600);
      }
      const { color, columns: width = 160 } = stdout;
      const asked = scenario ? { ...meta, scenario: scenarioOn(meta.cluster, scenario) } : meta;
      stdout.print(flags.json ? asJson(findings) : renderSummary(asked, findings, { color, width }));
      if (!flags.json && !scenario) stdout.print(`Report: ${shownPath(folder.report)}`);
      process.exitCode = exit[gateOf(findings, asked.scenario)];
    });
}
