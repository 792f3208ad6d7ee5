import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Findings } from '../../analysis/findings.ts';
import { type RunFolder, runFolder } from '../../recording/folder.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { judgeRun } from '../../run/judge.ts';

const recordings = path.join(import.meta.dirname, '..', '..', 'tests', 'data', 'recordings');

interface SampleRun {
  folder: RunFolder;
  meta: RunMeta;
  findings: Findings;
}

/** The real runs that are kept with the tests, judged anew. */
export function sampleRuns(): SampleRun[] {
  return readdirSync(recordings)
    .sort()
    .map((name) => {
      const folder = runFolder(path.join(recordings, name));
      return { folder, ...judgeRun(folder) };
    });
}
