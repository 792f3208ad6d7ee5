import { existsSync, readFileSync } from 'node:fs';
import type { Findings } from '../analysis/findings.ts';
import { judge } from '../analysis/judge.ts';
import { meaningOf } from '../faults/meaning.ts';
import type { RunFolder } from '../recording/folder.ts';
import { readRecording } from '../recording/read.ts';
import type { RunMeta } from '../recording/recording.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';

interface JudgedRun {
  meta: RunMeta;
  findings: Findings;
}

/** Judges a recording, with other objectives when given. The same recording gives the same findings, byte for byte. */
export function judgeRun(folder: RunFolder, scenario?: Scenario): JudgedRun {
  const recording = readRecording(folder);
  return { meta: recording.meta, findings: judge(recording, scenario, meaningOf) };
}

/**
 * The stored findings of a run. If there are none because the run was killed, or if an older version of the suite wrote them in
 * another format, its recording is judged now.
 */
export function readFindings(folder: RunFolder): JudgedRun {
  if (!existsSync(folder.findings) || !existsSync(folder.meta)) return judgeRun(folder);
  const findings = read<Findings>(folder.findings);
  return isCurrentFormat(findings) ? { meta: read<RunMeta>(folder.meta), findings } : judgeRun(folder);
}

/** Older versions of the suite wrote checks without a kind, and the configuration as plain text. */
function isCurrentFormat({ checks, configuration }: Findings): boolean {
  return Array.isArray(configuration) && checks.every(({ kind }) => kind !== undefined);
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
