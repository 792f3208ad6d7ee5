/**
 * A platform of a project's own is code that nobody has tried: an undo of it that loops for ever, or ends its process, would take all the others
 * with it. So its undos are carried out by a process of their own. When that ends in the middle of one, another goes on without that one.
 */
import { fork } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stderr } from '../../output/terminal.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import type { Act } from '../../platforms/platform.ts';
import type { RunFolder } from '../../recording/folder.ts';
import { readRunJournal } from '../../run/journal/run-journal.ts';
import type { UndoStep } from '../../run/journal/undo.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { type Asked, undoLeftoversHere, undoRunHere, type Whose } from './here.ts';

/** What such a process is to do. */
export type UndoOrder = {
  /** What was tried by those before it, in vain: it is not tried again. */
  inVain: UndoStep[];
} & (({ folder: RunFolder } & Asked) | { leftoversOn: Cluster; whose: Whose | undefined; tried: UndoStep[] });

/** What it tells, in the order in which it happens. */
export type UndoNews =
  | { begins: Act }
  | { step: UndoStep }
  /** What it is in the middle of keeps it from all else: its last word. */
  | { stuck: string }
  | { failed: { message: string; hint: string | undefined } }
  | { over: true };

/** `.ts` in the suite's sources, `.js` where it is installed. */
const PROCESS = path.join(import.meta.dirname, `process${path.extname(import.meta.filename)}`);

/** Takes back what a run left; see `undoRunHere`. */
export async function undoRun(folder: RunFolder, onStep: (step: UndoStep) => void, asked: Asked): Promise<void> {
  const { cluster } = readRunJournal(folder).header;
  if (await isSuites((asked.given ?? cluster).platform)) return undoRunHere(folder, { onStep }, asked);
  return inProcesses({ folder, ...asked, inVain: [] }, onStep);
}

/** Removes what carries the label of a run; see `undoLeftoversHere`. */
export async function undoLeftovers(
  cluster: Cluster,
  whose: Whose | undefined,
  tried: UndoStep[],
  onStep: (step: UndoStep) => void,
): Promise<void> {
  if (await isSuites(cluster.platform)) return undoLeftoversHere(cluster, whose, tried, { onStep });
  return inProcesses({ leftoversOn: cluster, whose, tried, inVain: [] }, onStep);
}

/** Most undos find nothing to do: only here are platforms loaded. */
async function isSuites(kind: string): Promise<boolean> {
  const platforms = await import('../../platforms/index.ts');
  return platforms.isSuites(kind);
}

/** One process after another, until one has come to its end. Throws OperatorError when that end is an error, or was in the middle of nothing. */
async function inProcesses(order: UndoOrder, onStep: (step: UndoStep) => void): Promise<void> {
  const inVain: UndoStep[] = [];
  const told = new Set<string>();
  const tell = (step: UndoStep) => {
    if (step.error === undefined) return onStep(step);
    // Each process tells again what those before it had tried in vain. A success before it was of another, equal act.
    const act = JSON.stringify(step.act);
    if (told.has(act)) return;
    told.add(act);
    inVain.push(step);
    onStep(step);
  };
  for (;;) {
    const { during, why } = await inProcess({ ...order, inVain }, tell);
    if (why === undefined) return;
    if (during === undefined) throw new OperatorError(why, { hint: 'That is a part of this project: look there.' });
    inVain.push({ act: during, error: why, hint: undefined });
  }
}

/** How a process ended: `why` it did not come to its end, and in the middle of which act. */
async function inProcess(
  order: UndoOrder,
  onStep: (step: UndoStep) => void,
): Promise<{ why?: string; during?: Act | undefined }> {
  // A group of its own: an interrupt ends this command, and it with that.
  const child = fork(PROCESS, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  // What a part prints is for people, and none of this command's results.
  for (const output of [child.stdout!, child.stderr!]) createInterface(output).on('line', (line) => stderr.print(line));
  let during: Act | undefined;
  let stuck: string | undefined;
  let isOver = false;
  let failed: { message: string; hint: string | undefined } | undefined;
  child.on('message', (news: UndoNews) => {
    if ('begins' in news) during = news.begins;
    else if ('step' in news) {
      during = undefined;
      onStep(news.step);
    } else if ('stuck' in news) stuck = news.stuck;
    else if ('failed' in news) failed = news.failed;
    else isOver = true;
  });
  child.send(order);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('exit', (...ended) => child.once('close', () => resolve(ended))),
  );
  if (failed) throw new OperatorError(failed.message, failed.hint === undefined ? {} : { hint: failed.hint });
  if (isOver) return {};
  return { why: stuck ?? `its process was ended by ${signal ?? `code ${code}`}`, during };
}
