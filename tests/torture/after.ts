/** What must hold after a try. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { listRuns, type RunFolder, runFolder } from '../../recording/folder.ts';
import { readRecording } from '../../recording/read.ts';
import { readJournal } from '../../run/journal/journal.ts';
import { judgeRun } from '../../run/judge.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { Project } from './bed.ts';
import type { LifeEnd } from './lives.ts';
import { command, type Process } from './process.ts';

export const runsOf = (project: Project) => listRuns(path.join(project.recordings, 'runs'));

export const allLeft = (project: Project) => project.clusters.flatMap((_, index) => project.left(index));

/** A run that was not killed says what it left. */
export function lifeFaults(project: Project, end: LifeEnd): string[] {
  const left = project.left(end.index);
  // What breaks before a run has begun is the command's to tell.
  if (end.kind === 'crashed' && (end.run !== undefined || left.length > 0)) return [`crashed: ${end.message}`];
  const isTold = (end.notUndone?.length ?? 0) > 0;
  if (left.length > 0 && !isTold) return [`left without a word (${end.message ?? 'no message'}): ${left.join('; ')}`];
  return [];
}

/** Exit codes as the README lists them, and nothing left without a word. */
export function codeFaults(project: Project, code: number | null, isKilled: boolean, running: Process): string[] {
  if (isKilled && code === null) return [];
  const verdicts = runsOf(project).map((run) => verdictOf(run));
  const left = allLeft(project);
  const say = (fault: string) => [`${fault}: ${tail(running)}`];
  // A signal before the command listens to signals: nothing has begun.
  if (code === null) return verdicts.length === 0 ? [] : say('ended by a signal though runs had begun');
  if (![0, 1, 2, 3, 4].includes(code)) return say(`exit code ${code}`);
  if (code === 0 && verdicts.some((verdict) => verdict !== 'pass')) return say(`exit code 0 with ${verdicts}`);
  if (code === 1 && !verdicts.includes('fail')) return say(`exit code 1 with ${verdicts}`);
  if (code !== 4 && left.length > 0) return say(`exit code ${code}, and left ${left.join('; ')}`);
  if (code === 4 && left.length === 0 && pendingIn(project).length === 0)
    return say('exit code 4, and nothing is left');
  return [];
}

/** The recording can be judged, or it says why not. Anything but that is thrown. */
function verdictOf(run: RunFolder): string {
  try {
    return judgeRun(run).findings.verdict;
  } catch (error) {
    if (error instanceof OperatorError) return 'none';
    throw error;
  }
}

/** Runs whose journals have something left, or cannot be read. */
export function pendingIn(project: Project): string[] {
  return runsOf(project).flatMap(({ dir, journal }) => {
    if (!existsSync(journal)) return [];
    try {
      const { entries, damages } = readJournal(journal);
      return entries.length + damages.length === 0
        ? []
        : [`${path.basename(dir)}: ${JSON.stringify({ entries, damages })}`];
    } catch (error) {
      // Cut before its first line was whole: no act had begun.
      return /cut before any act/.test((error as Error).message) ? [] : [`${dir}: ${(error as Error).message}`];
    }
  });
}

/** What must hold in the end, whatever happened: all processes end, and after `undo` nothing is left. */
export async function settle(project: Project, mayLeaveTemporary = false): Promise<string[]> {
  const faults = await project.ended();
  project.endLies();
  const undo = await command(project, ['undo']);
  if (undo.code !== 0) faults.push(`undo ended with ${undo.code}: ${undo.output}`);
  faults.push(...pendingIn(project).map((pending) => `still pending after undo: ${pending}`));
  faults.push(...allLeft(project).map((left) => `left after undo: ${left}`));
  if (!mayLeaveTemporary) faults.push(...project.temporary().map((file) => `left among temporary files: ${file}`));
  for (const run of runsOf(project)) faults.push(...recordingFaults(run));
  return faults;
}

/** Only a run that was watched to its end, and whose prober gave its report, can pass. */
function recordingFaults(run: RunFolder): string[] {
  try {
    if (verdictOf(run) !== 'pass') return [];
    const events = readFileSync(run.events, 'utf8');
    const isWhole = /"phase":"recover","state":"end"/.test(events) && /"kind":"prober","report":\{/.test(events);
    return isWhole ? [] : [`${run.dir}: pass, of a recording that is not whole`];
  } catch (error) {
    return [`${run.dir} cannot be judged: ${(error as Error).stack}`];
  }
}

export const tail = (running: Process) => running.output().slice(-1500);

/** From a run's first act on the workload to the end of its clean-up, ms on the machine's clock. */
export function actingTime(project: Project, run: string): { from: number; to: number } {
  const { meta, events } = readRecording(runFolder(path.join(project.recordings, 'runs', run)));
  const origin = Number(BigInt(meta.origin.monotonic) / 1_000_000n);
  const phases = events.filter((event) => event.kind === 'phase');
  const from = phases.find(({ phase }) => phase === 'deploy')!.at;
  return { from: origin + from, to: origin + phases.at(-1)!.at };
}
