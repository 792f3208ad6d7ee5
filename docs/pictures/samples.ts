import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Findings } from '../../analysis/findings.ts';
import { type RunFolder, runFolder } from '../../recording/folder.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { judgeRun } from '../../run/judge.ts';

const recordings = path.join(import.meta.dirname, '..', '..', 'tests', 'data', 'recordings');

export interface SampleRun {
  folder: RunFolder;
  meta: RunMeta;
  findings: Findings;
}

/** A real run that is kept with the tests, judged anew. */
export function sampleRun(name: string): SampleRun {
  const folder = runFolder(path.join(recordings, name));
  return { folder, ...judgeRun(folder) };
}

export function sampleRuns(): SampleRun[] {
  return readdirSync(recordings).sort().map(sampleRun);
}
