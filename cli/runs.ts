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
  /** How many acts are not undone yet. */
  pending: number;
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
        const left = pending > 0 && state !== 'running' ? `  ${pending} acts not undone: brownout undo ${run}` : '';
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
    const pending = pendingIn(folder);
    if (pending > 0) console.error(`  ${pending} acts not undone: brownout undo ${path.basename(folder.dir)}`);
    return [];
  }
}

function pendingIn({ journal }: RunFolder): number {
  try {
    return readJournal(journal).entries.length;
  } catch {
    return 0;
  }
}

function readMeta(file: string): RunMeta {
  const meta = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunMeta> | null;
  if (meta?.scenario && meta.cluster) return meta as RunMeta;
  throw new Error(`${path.basename(file)} says neither scenario nor cluster`);
}

function describeRun(folder: RunFolder): RunLine[] {
  if (!existsSync(folder.meta) || !existsSync(folder.journal)) return [];
  const meta = readMeta(folder.meta);
  const { header, entries } = readJournal(folder.journal);
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
      pending: entries.length,
    },
  ];
}
