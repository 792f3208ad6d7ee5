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
import { scenarioOn } from '../scenarios/on-cluster.ts';
import type { WrittenScenario } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';
import { DamagedJournal } from './journal/journal.ts';
import { readRunJournal } from './journal/run-journal.ts';
import { describeAct } from './journal/undo.ts';

interface JudgedRun {
  meta: RunMeta;
  findings: Findings;
}

/** Judges a recording, with other objectives when given. The same recording gives the same findings, byte for byte. */
export function judgeRun(folder: RunFolder, scenario?: WrittenScenario): JudgedRun {
  const recording = readRecording(folder);
  const { meta } = recording;
  const other = scenario && scenarioOn(meta.cluster, scenario);
  return { meta, findings: withPending(judge(recording, other, meaningOf), folder) };
}

/** What is pending is what the journal says now: it may have been undone since the run ended, or since it was judged. */
function withPending(findings: Findings, folder: RunFolder): Findings {
  return { ...findings, cleanUp: { ...findings.cleanUp, pending: pendingIn(folder) } };
}

/** Acts that are not undone, one line each, the next one to undo first; null if that cannot be read. */
export function pendingIn(folder: RunFolder): string[] | null {
  try {
    const { entries, damages } = readRunJournal(folder);
    return damages.length > 0 ? null : entries.reverse().map(({ undo }) => describeAct(undo!));
  } catch (error) {
    // Without one whole line no act had begun; a journal that is not there, or whose beginning is damaged, tells nothing.
    return error instanceof OperatorError && !(error instanceof DamagedJournal) ? [] : null;
  }
}

/**
 * The stored findings of a run. If there are none because the run was killed, or if an older version of the suite wrote them in
 * another format, its recording is judged now. What is pending is what its undo journal says now.
 */
export function readFindings(folder: RunFolder): JudgedRun {
  if (!existsSync(folder.findings) || !existsSync(folder.meta)) return judgeRun(folder);
  const hint = 'Write it anew from the recording: brownout judge';
  if (!isCurrentFormat(readJson(folder.findings, findingsOfAnyFormat, hint))) return judgeRun(folder);
  return { meta: readMeta(folder), findings: withPending(readJson(folder.findings, findingsSchema, hint), folder) };
}

const findingsOfAnyFormat = z.looseObject({
  version: z.literal(1, { error: 'expected version 1: read it with the suite that wrote it' }),
  checks: z.array(z.looseObject({})),
  configuration: z.unknown(),
  cleanUp: z.unknown(),
});

/**
 * Older versions of the suite wrote checks without a kind, the configuration as plain text, and nothing of what is pending: an
 * empty list of what was left then also meant that nobody had looked.
 */
function isCurrentFormat({ checks, configuration, cleanUp }: z.output<typeof findingsOfAnyFormat>): boolean {
  const hasPending = typeof cleanUp === 'object' && cleanUp !== null && 'pending' in cleanUp;
  return Array.isArray(configuration) && checks.every(({ kind }) => kind !== undefined) && hasPending;
}
