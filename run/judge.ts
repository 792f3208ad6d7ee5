import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { Findings } from '../analysis/findings.ts';
import { findingsSchema } from '../analysis/findings-schema.ts';
import { judge } from '../analysis/judge.ts';
import { meaningOf } from '../faults/meaning.ts';
import type { RunFolder } from '../recording/folder.ts';
import { readJson } from '../recording/json.ts';
import { readMeta, readRecording } from '../recording/read.ts';
import type { RunMeta } from '../recording/recording.ts';
import type { Scenario } from '../scenarios/scenario.ts';

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
  const hint = 'Write it anew from the recording: brownout judge';
  if (!isCurrentFormat(readJson(folder.findings, findingsOfAnyFormat, hint))) return judgeRun(folder);
  return { meta: readMeta(folder), findings: readJson(folder.findings, findingsSchema, hint) };
}

const findingsOfAnyFormat = z.looseObject({
  version: z.literal(1, { error: 'expected version 1: read it with the suite that wrote it' }),
  checks: z.array(z.looseObject({})),
  configuration: z.unknown(),
});

/** Older versions of the suite wrote checks without a kind, and the configuration as plain text. */
function isCurrentFormat({ checks, configuration }: z.output<typeof findingsOfAnyFormat>): boolean {
  return Array.isArray(configuration) && checks.every(({ kind }) => kind !== undefined);
}
