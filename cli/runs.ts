import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { projectPath } from '../files/project-path.ts';
import { asJson, stderr, stdout } from '../output/terminal.ts';
import { ownerState } from '../platforms/owner.ts';
import { listRuns, type RunFolder } from '../recording/folder.ts';
import { readJson } from '../recording/json.ts';
import { readMeta } from '../recording/read.ts';
import { readJournal } from '../run/journal/journal.ts';
import { readRunJournal } from '../run/journal/run-journal.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { tellHint } from './tell.ts';

interface RunLine {
  run: string;
  title: string;
  /** Its file, as seen from the project. */
  scenario: string;
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
      if (flags.json) return stdout.print(asJson(lines));
      if (lines.length === 0) return stdout.print('No runs yet.');
      for (const { run, state, title, scenario, cluster, pending } of lines) {
        const acts = pending === null ? 'acts may be pending' : `${pending} acts not undone`;
        const left = pending !== 0 && state !== 'running' ? `  ${acts}: brownout undo ${run}` : '';
        stdout.print(`${run}  ${state.padEnd(10)}  ${title}  (${scenario} on ${cluster})${left}`);
      }
    });
}

/** A run that cannot be read keeps no other from being listed. */
function describe(folder: RunFolder): RunLine[] {
  try {
    return describeRun(folder);
  } catch (error) {
    // Without a journal, and nothing that tells of one, no run had begun.
    if (!(error instanceof OperatorError) && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    stderr.print(`${folder.dir} cannot be read: ${messageOf(error)}`);
    if (error instanceof OperatorError) tellHint(error.hint);
    const pending = pendingIn(folder);
    if (pending > 0) stderr.print(`  ${pending} acts not undone: brownout undo ${path.basename(folder.dir)}`);
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

function describeRun(folder: RunFolder): RunLine[] {
  const { header, entries, damages } = readRunJournal(folder);
  if (!existsSync(folder.meta)) return [];
  const meta = readMeta(folder);
  const verdict = existsSync(folder.findings) ? verdictIn(folder.findings) : undefined;
  const state = verdict ?? (ownerState(header.owner) === 'alive' ? 'running' : 'not judged');
  return [
    {
      run: path.basename(folder.dir),
      title: meta.scenario.title,
      scenario: projectPath(meta.scenario.file, meta.project),
      cluster: meta.cluster.name,
      state,
      pending: damages.length > 0 ? null : entries.length,
    },
  ];
}

const judged = z.looseObject({ verdict: z.enum(['pass', 'fail', 'unknown']) });

/** Findings of any format: their verdict is where it always was. */
function verdictIn(file: string): string {
  return readJson(file, judged, 'Write it anew from the recording: brownout judge').verdict;
}
