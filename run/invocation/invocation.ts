/**
 * How the command and the scenario runner (Playwright Test, in its own processes) communicate: the command writes the invocation to
 * a file named in the environment; the runner appends progress and results to another file, one JSON object per line.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { VerdictKind } from '../../analysis/findings.ts';
import { maskAll } from '../../output/secrets.ts';
import type { RunProgress } from '../progress.ts';

export const INVOCATION = 'BROWNOUT_INVOCATION';

/** The number, in the runner, of a pipe that ends with the command, however that ends. */
export const COMMAND_PIPE = 3;

export interface Invocation {
  /** `on`: the only platforms for which it was asked. */
  scenarios: { file: string; title: string; on?: string[] | undefined }[];
  /** Playwright specs given in addition to scenario files. */
  journeys: string[];
  clusters: string[];
  seed: number | undefined;
  /** The file for progress and results. */
  wire: string;
  /** Folders of this invocation alone. */
  allureResults: string;
  testResults: string;
}

/** How one scenario on one cluster ended; both by their files, as seen from the project. */
export type ScenarioResult = {
  scenario: string;
  cluster: string;
  /** The test that ran it, if that was a journey: its file and its titles. */
  journey?: string;
  expect: 'pass' | 'fail';
  title: string;
  /** Its place in reports, from the outermost suite to the innermost. */
  suites: string[];
} & (
  | Judged
  /** Nothing was changed on the cluster. */
  | { kind: 'refused'; message: string; hint: string | undefined }
  | { kind: 'skipped'; reason: string }
);

interface Judged {
  kind: 'judged';
  run: string;
  dir: string;
  verdict: VerdictKind;
  /** The verdict, compared with what the scenario expects. */
  gate: VerdictKind;
  notUndone: string[];
}

/** What ended a test before it could tell how its scenario ended: a part that cannot be loaded there, or never ends. */
export interface Trouble {
  message: string;
  hint: string | undefined;
  /** Nothing was begun. */
  isRefusal: boolean;
}

/** `run`: which of the runs that go on at the same time, on several clusters, this is of. `listed`: all tests are known, none has begun. */
export type Message =
  | { listed: true }
  | { run: string; progress: RunProgress }
  | { result: ScenarioResult }
  | { trouble: Trouble };

/** What the command asked for; undefined when Playwright was started without it. */
export function readInvocation(): Invocation | undefined {
  const file = process.env[INVOCATION];
  return file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Never throws: a run heals and cleans up whether or not anybody can be told. The command looks into the journals for what it missed. */
export function send(message: Message): void {
  try {
    const wire = readInvocation()?.wire;
    // On a line of its own, also where one before it was written in part.
    if (wire) appendFileSync(wire, `\n${JSON.stringify(maskAll(message))}\n`);
  } catch {
    // The disk of temporary files is full.
  }
}
