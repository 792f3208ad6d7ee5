import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { projectPath } from '../files/project-path.ts';
import { asJson, stdout } from '../output/terminal.ts';
import { listRuns, type RunFolder } from '../recording/folder.ts';
import { readJson } from '../recording/json.ts';
import { readMeta } from '../recording/read.ts';
import { DamagedJournal, type JournalContents } from '../run/journal/journal.ts';
import { readRunJournal } from '../run/journal/run-journal.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { isRunning } from './undo/pending.ts';

interface RunLine {
  run: string;
  /** Null, like its scenario and cluster, for a run that cannot be read. */
  title: string | null;
  /** Its file, as seen from the project. */
  scenario: string | null;
  cluster: string | null;
  /** A verdict, `running`, `not judged` for a run that was killed, or `unreadable`. */
  state: string;
  /** How many acts are not undone yet; null if its undo journal is damaged. */
  pending: number | null;
  /** Why it cannot be read, and what to do. */
  error?: string;
  hint?: string | undefined;
}

export function runsCommand(): Command {
  return new Command('runs')
    .description('lists the recordings of this project')
    .option('--json', 'as JSON')
    .action((flags: { json?: boolean }) => {
      const lines = listRuns().flatMap(describe);
      if (flags.json) return stdout.print(asJson(lines));
      if (lines.length === 0) return stdout.print('No runs yet.');
      for (const { run, state, title, scenario, cluster, pending, error, hint } of lines) {
        const acts = pending === null ? 'acts may be pending' : `${pending} acts not undone`;
        const left = pending !== 0 && state !== 'running' ? `  ${acts}: brownout undo ${run}` : '';
        stdout.print(`${run}  ${state.padEnd(10)}  ${error ?? `${title}  (${scenario} on ${cluster})`}${left}`);
        if (hint) stdout.print(`  What to do: ${hint}`);
      }
    });
}

/** A run that cannot be read keeps no other from being listed, and what it has left is told all the same. */
function describe(folder: RunFolder): RunLine[] {
  const run = path.basename(folder.dir);
  try {
    // Without a journal, and nothing that tells of one, no run had begun.
    const journal = journalOf(folder);
    if (!journal && !existsSync(folder.events)) return [];
    return [{ run, ...describeRun(folder), pending: pendingOf(journal) }];
  } catch (error) {
    return [
      {
        run,
        title: null,
        scenario: null,
        cluster: null,
        state: isRunning(folder) ? 'running' : 'unreadable',
        pending: pendingUnread(folder),
        error: messageOf(error),
        hint: error instanceof OperatorError ? error.hint : undefined,
      },
    ];
  }
}

function describeRun(folder: RunFolder): Pick<RunLine, 'title' | 'scenario' | 'cluster' | 'state'> {
  if (!existsSync(folder.meta)) {
    throw new OperatorError(`${folder.meta} is gone: nobody knows what was recorded`, {
      hint: `take back what it has left, if anything; then remove ${folder.dir}`,
    });
  }
  const meta = readMeta(folder);
  const verdict = existsSync(folder.findings) ? verdictIn(folder.findings) : undefined;
  return {
    title: meta.scenario.title,
    scenario: projectPath(meta.scenario.file, meta.project),
    cluster: meta.cluster.name,
    state: verdict ?? (isRunning(folder) ? 'running' : 'not judged'),
  };
}

/** Undefined where there is none, and the recording tells of nothing that was left. */
function journalOf(folder: RunFolder): JournalContents | undefined {
  try {
    return readRunJournal(folder);
  } catch (error) {
    if (!(error instanceof OperatorError) && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function pendingOf(journal: JournalContents | undefined): number | null {
  const { entries, damages } = journal ?? { entries: [], damages: [] };
  return damages.length > 0 ? null : entries.length;
}

/** Of a run that cannot be read; its journal may be what cannot. */
function pendingUnread(folder: RunFolder): number | null {
  try {
    return pendingOf(journalOf(folder));
  } catch (error) {
    // In one that was cut in its first line no act had begun.
    return error instanceof OperatorError && !(error instanceof DamagedJournal) ? 0 : null;
  }
}

const judged = z.looseObject({ verdict: z.enum(['pass', 'fail', 'unknown']) });

/** Findings of any format: their verdict is where it always was. */
function verdictIn(file: string): string {
  return readJson(file, judged, 'Write it anew from the recording: brownout judge').verdict;
}
