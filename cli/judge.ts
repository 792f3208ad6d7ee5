import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { gateOf } from '../analysis/validity.ts';
import { writeWhole } from '../disk/write-whole.ts';
import { asJson, stderr, stdout } from '../output/terminal.ts';
import type { RunFolder } from '../recording/folder.ts';
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
import { isRunning, stillGoing } from './undo/pending.ts';

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
        // Asked before it is read: what a run writes at its end is never written over with what was there before.
        const going = goesOn(run) ? stillGoing(run) : undefined;
        const judged = judgeRun(run, scenario);
        return { ...judged, page: renderHtml(judged), going };
      });
      const { meta, findings, page, going } = value;
      // With other objectives this is a what-if: the recording keeps the verdict by its own.
      const isStored = !scenario && going === undefined;
      if (isStored) {
        writeJson(folder.findings, findings);
        writeWhole(folder.report, page, 0o600);
      }
      const { color, columns: width = 160 } = stdout;
      const asked = scenario ? { ...meta, scenario: scenarioOn(meta.cluster, scenario) } : meta;
      stdout.print(flags.json ? asJson(findings) : renderSummary(asked, findings, { color, width }));
      if (!flags.json && isStored) stdout.print(`Report: ${shownPath(folder.report)}`);
      if (going !== undefined)
        stderr.print(`${going} It is judged as far as it is recorded, and nothing of this is stored.`);
      if (scenario)
        stderr.print(
          `Judged by the objectives of ${flags.scenario}, and not stored: \`brownout report\` goes on to show the verdict by the recorded ones.`,
        );
      process.exitCode = exit[gateOf(findings, asked.scenario)];
    });
}

/** Once it has its findings a run is over, whatever its process does next. */
const goesOn = (folder: RunFolder) => !existsSync(folder.findings) && isRunning(folder);
