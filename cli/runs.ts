import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { Findings } from '../analysis/findings.ts';
import { ownerState } from '../platforms/owner.ts';
import { listRuns, type RunFolder } from '../recording/folder.ts';
import type { RunMeta } from '../recording/recording.ts';
import { readJournal } from '../run/journal.ts';

interface RunLine {
  run: string;
  title: string;
  cluster: string;
  /** A verdict, `running`, or `not judged` for a run that was killed. */
  state: string;
  /** How many acts are not undone yet; null if its undo journal is damaged. */
  pending: number | null;
}

export function runsCommand(): Command {
  return new Command('runs')
    .description('lists the recordings of this project')
    .option('--json', 'as JSON')
    .action((flags: { json?: boolean }) => {
      const lines = listRuns().flatMap(describe);
      if (flags.json) return console.log(JSON.stringify(lines, null, 2));
      if (lines.length === 0) return console.log('No runs yet.');
      for (const { run, state, title, cluster, pending } of lines) {
        const acts = pending === null ? 'acts may be pending' : `${pending} acts not undone`;
        const left = pending !== 0 && state !== 'running' ? `  ${acts}: brownout undo ${run}` : '';
        console.log(`${run}  ${state.padEnd(10)}  ${title} on ${cluster}${left}`);
      }
    });
}

/** A run that cannot be read keeps no other from being listed. */
function describe(folder: RunFolder): RunLine[] {
  try {
    return describeRun(folder);
  } catch (error) {
    console.error(`${folder.dir} cannot be read: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

function describeRun(folder: RunFolder): RunLine[] {
  if (!existsSync(folder.meta) || !existsSync(folder.journal)) return [];
  const meta = JSON.parse(readFileSync(folder.meta, 'utf8')) as RunMeta;
  const { header, entries, damages } = readJournal(folder.journal);
  const verdict = existsSync(folder.findings)
    ? (JSON.parse(readFileSync(folder.findings, 'utf8')) as Findings).verdict
    : undefined;
  const state = verdict ?? (ownerState(header.owner) === 'alive' ? 'running' : 'not judged');
  return [
    {
      run: path.basename(folder.dir),
      title: meta.scenario.title,
      cluster: meta.cluster.name,
      state,
      pending: damages.length > 0 ? null : entries.length,
    },
  ];
}
