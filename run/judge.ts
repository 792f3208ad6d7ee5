import type { Findings } from '../analysis/findings.ts';
import { judge } from '../analysis/judge.ts';
import type { RunFolder } from '../recording/folder.ts';
import { readRecording } from '../recording/read.ts';
import type { RunMeta } from '../recording/recording.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Judges a recording, with other objectives when given. The same recording gives the same findings, byte for byte. */
export function judgeRun(folder: RunFolder, scenario?: Scenario): { meta: RunMeta; findings: Findings } {
  const recording = readRecording(folder);
  return { meta: recording.meta, findings: judge(recording, scenario) };
}
