/** The files that a gate leaves behind: `--summary`, `--junit`, and what GitHub shows of a step. */
import { appendFileSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeWhole } from '../../disk/write-whole.ts';
import { projectPath } from '../../files/project-path.ts';
import { stderr } from '../../output/terminal.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { runFolder } from '../../recording/folder.ts';
import type { Gate, GateCase, Outcome } from '../../reports/gate/gate.ts';
import { renderJunit } from '../../reports/gate/junit.ts';
import { LARGEST, renderGateSummary } from '../../reports/gate/summary.ts';
import { suitesOf } from '../../reports/wording.ts';
import type { ScenarioResult } from '../../run/invocation/invocation.ts';
import { readFindings } from '../../run/judge.ts';
import { shownPath } from '../../run/plan.ts';
import type { WrittenScenario } from '../../scenarios/scenario.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { exit } from '../exit.ts';

export interface GateFlags {
  summary?: string;
  junit?: string;
}

export class GateFiles {
  readonly #files: [file: string, render: (gate: Gate) => string][] = [];

  /**
   * @param given the files that the command reads
   * Throws OperatorError where one would be written over another, or over what is read.
   */
  constructor({ summary, junit }: GateFlags, given: readonly string[] = []) {
    const taken = new Set(given.map(placeOf));
    const add = (file: string | undefined, render: (gate: Gate) => string) => {
      if (file === undefined) return;
      const whole = placeOf(file);
      if (taken.has(whole))
        throw new OperatorError(`${file} would be written over: it is given twice, or is read by this command`, {
          hint: 'Give --summary and --junit a file of their own each.',
        });
      taken.add(whole);
      this.#files.push([whole, render]);
    };
    add(summary, (gate) => renderGateSummary(gate));
    add(junit, renderJunit);
  }

  /**
   * Before anything is read: those of an earlier command must not be taken for this one's, and if this one is killed they say so. Throws
   * OperatorError where one cannot be written.
   */
  begin(): void {
    const troubles = ['brownout run has not come to its end: it is still at work, or it was killed. Nothing is known.'];
    try {
      // `.brownout/junit.xml` is a place to name before there is a `.brownout`.
      for (const [file] of this.#files) mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      this.#write({ code: exit.unknown, cases: [], troubles, pages: [] });
    } catch (cause) {
      throw new OperatorError(`What is to be left behind cannot be written: ${messageOf(cause)}`, {
        hint: 'Give --summary and --junit files in folders that this account may write to.',
        cause,
      });
    }
  }

  /** Never throws: the exit code is as it would be without. */
  end(gate: Gate): void {
    const tell = (error: unknown) => stderr.print(`The outcome was not written everywhere: ${messageOf(error)}`);
    try {
      this.#write(gate);
    } catch (error) {
      tell(error);
    }
    const step = process.env.GITHUB_STEP_SUMMARY;
    if (!step) return;
    try {
      const before = existsSync(step) ? statSync(step).size : 0;
      appendFileSync(step, renderGateSummary(gate, LARGEST - before));
    } catch (error) {
      tell(error);
    }
  }

  #write(gate: Gate): void {
    for (const [file, render] of this.#files) writeWhole(file, render(gate));
  }
}

/** Where a link leads is written to, and read. */
function placeOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : path.resolve(file);
}

/**
 * Each scenario on each cluster, in the order in which they ended; then those that did not end. A journey that
 * ran the same scenario does not stand in for its own test.
 */
export function casesOf(results: ScenarioResult[], scenarios: WrittenScenario[], clusters: Cluster[]): GateCase[] {
  const ended = results.map((result): GateCase => ({ ...result, outcome: outcomeOf(result) }));
  const unended = clusters.flatMap((cluster) =>
    scenarios.flatMap((scenario): GateCase | [] => {
      const [file, on] = [projectPath(scenario.file), projectPath(cluster.file)];
      if (results.some((result) => result.journey === undefined && result.scenario === file && result.cluster === on))
        return [];
      const suites = suitesOf({ scenario, cluster });
      return { title: scenario.title, suites, scenario: file, cluster: on, outcome: { kind: 'unended' } };
    }),
  );
  return [...ended, ...unended];
}

function outcomeOf(result: ScenarioResult): Outcome {
  if (result.kind !== 'judged') return result;
  const { gate, notUndone, dir } = result;
  const folder = runFolder(dir);
  const { meta, findings } = readFindings(folder);
  const report = existsSync(folder.report) ? shownPath(folder.report) : undefined;
  return { kind: 'judged', gate, meta, findings, notUndone, report };
}
