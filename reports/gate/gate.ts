/** What is left for others by a `brownout run` that is a gate: each scenario on each cluster, whether or not it came to a verdict. */
import type { Findings, VerdictKind } from '../../analysis/findings.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { sayExpected, sayMany, sayVerdict, verdictWords } from '../wording.ts';

export interface Gate {
  /** The exit code of the command. */
  code: number;
  cases: GateCase[];
  /** What is not green although no case says so: the command was refused, a process ended, something is not undone. */
  troubles: string[];
  /** Those of the Allure report, if one was made. */
  pages: string[];
}

export interface GateCase {
  title: string;
  /** From the outermost to the innermost, as in Allure. */
  suites: readonly string[];
  /** Scenario and cluster by their files, as seen from the project. */
  scenario: string;
  cluster: string;
  /** The journey that ran it, if one did. */
  journey?: string;
  outcome: Outcome;
}

export type Outcome =
  | JudgedOutcome
  | { kind: 'refused'; message: string; hint: string | undefined }
  | { kind: 'skipped'; reason: string }
  /** It did not come to an end of its own. */
  | { kind: 'unended' };

export interface JudgedOutcome {
  kind: 'judged';
  /** The verdict, compared with what the scenario expects. */
  gate: VerdictKind;
  meta: RunMeta;
  findings: Findings;
  notUndone: string[];
  /** The run's own page, if it was written. */
  report?: string;
}

/** How the outcome is called; only `passed` and `skipped` are no reason for a red gate. */
export function sayOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'judged':
      return outcome.gate === 'pass' && outcome.notUndone.length > 0
        ? 'not undone'
        : verdictWords[outcome.gate].toLowerCase();
    case 'unended':
      return 'unknown';
    default:
      return outcome.kind;
  }
}

const UNENDED = 'It did not come to its end: interrupted, or its process was killed or crashed.';

/** The outcome of the whole command. */
export function sayCode(code: number): string {
  return ['passed', 'failed', 'unknown', 'refused', 'something is not undone'][code] ?? `ended with ${code}`;
}

/** One sentence: why it is not green, or is left out. */
export function sayWhy(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'judged': {
      const { findings, notUndone, gate, meta } = outcome;
      if (gate === 'pass' && notUndone.length > 0)
        return `${sayMany(notUndone.length, 'act is', 'acts are')} not undone.`;
      return (findings.verdict === 'pass' ? sayExpected(meta, findings) : undefined) ?? sayVerdict(findings);
    }
    case 'refused':
      return outcome.message;
    case 'skipped':
      return outcome.reason;
    case 'unended':
      return UNENDED;
  }
}
