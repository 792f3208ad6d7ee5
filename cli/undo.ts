import path from 'node:path';
import { Command } from 'commander';
import { loadCluster } from '../clusters/load.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { createPlatform } from '../platforms/index.ts';
import { ownerPid, ownerState } from '../platforms/owner.ts';
import type { Platform } from '../platforms/platform.ts';
import { createPower } from '../platforms/power/index.ts';
import { findRun, listRuns, type RunFolder } from '../recording/folder.ts';
import { createActor } from '../run/actor.ts';
import { type Damage, DamagedJournal, Journal, readJournal } from '../run/journal.ts';
import { locate } from '../run/locate.ts';
import { loadPlatform, loadPlatforms } from '../run/parts.ts';
import { describeAct, type UndoStep, undoPending } from '../run/undo.ts';
import { OperatorError } from '../units/operator-error.ts';
import { asJson, stderr, stdout } from '../units/terminal.ts';
import { exit } from './exit.ts';

interface UndoFlags {
  cluster?: string;
  json?: boolean;
}

export function undoCommand(): Command {
  return new Command('undo')
    .description('undoes what a dead run has left behind')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; every run with something left, without it')
    .option('-c, --cluster <file>', 'look for leftovers on this cluster by their label, without a journal')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, flags: UndoFlags) => {
      const steps: UndoStep[] = [];
      const onStep = (step: UndoStep) => {
        steps.push(step);
        if (flags.json) return;
        if (step.error === undefined) stdout.print(`undone      ${describeAct(step.act)}`);
        else stdout.print(`not undone  ${describeAct(step.act)}: ${step.error}`);
      };
      const notReached: { run: string; error: string }[] = [];
      for (const folder of runsToUndo(name, flags)) {
        // A run that cannot be undone now must not prevent the undo of others.
        await undoRun(folder, onStep).catch((error: Error) => {
          const run = path.basename(folder.dir);
          notReached.push({ run, error: error.message });
          stderr.print(`not undone  run ${run}: ${error.message}`);
          if (error instanceof OperatorError && error.hint) stderr.print(`  What to do: ${error.hint}`);
        });
      }
      if (flags.cluster) {
        await loadPlatforms(process.cwd());
        await undoLeftovers(await loadCluster(flags.cluster), name, onStep);
      }
      const isAllUndone = notReached.length === 0 && steps.every((step) => step.error === undefined);
      if (flags.json) stdout.print(asJson({ steps, notReached }));
      else if (steps.length === 0 && isAllUndone) stdout.print('Nothing to undo.');
      process.exitCode = isAllUndone ? exit.pass : exit.notUndone;
    });
}

function runsToUndo(name: string | undefined, flags: UndoFlags): RunFolder[] {
  if (name === undefined) {
    for (const folder of listRuns().filter((each) => hasPending(each) && isRunning(each)))
      stderr.print(stillGoing(folder));
    return abandonedRuns();
  }
  // With --cluster the run may have been started on another machine: its journal is not needed.
  if (flags.cluster) return [];
  const folder = findRun(name);
  if (isRunning(folder))
    throw new OperatorError(stillGoing(folder), {
      hint: 'End its `brownout run` with Ctrl-C; it cleans up by itself.',
    });
  return [folder];
}

/** Runs of this project that left something, and whose process is gone. */
export function abandonedRuns(): RunFolder[] {
  return listRuns().filter((folder) => hasPending(folder) && !isRunning(folder));
}

/** Acts that are not undone yet, or a journal of which nobody knows. */
function hasPending(folder: RunFolder): boolean {
  try {
    const { entries, damages } = readJournal(folder.journal);
    return entries.length > 0 || damages.length > 0;
  } catch (error) {
    // No journal, or one that was cut before its first line was whole: no act had begun.
    return error instanceof DamagedJournal;
  }
}

function stillGoing(folder: RunFolder): string {
  const pid = ownerPid(readJournal(folder.journal).header.owner);
  return `Run ${path.basename(folder.dir)} is still going on (process ${pid}) and is left alone.`;
}

function isRunning(folder: RunFolder): boolean {
  try {
    return ownerState(readJournal(folder.journal).header.owner) === 'alive';
  } catch (error) {
    if (error instanceof DamagedJournal) return false;
    throw error;
  }
}

/** Takes back what a run left, as far as its journal can be read. Throws OperatorError for what nobody can know to be undone. */
export async function undoRun(folder: RunFolder, onStep: (step: UndoStep) => void): Promise<void> {
  const journal = Journal.open(folder.journal);
  try {
    const { cluster, project } = locate(journal.header, folder);
    // Power commands are meant from the project's folder.
    process.chdir(project);
    await loadPlatform(project, cluster.platform);
    await withActor(cluster, async (actor, platform) => {
      await refuseBesideOthers(journal.header, platform);
      await undoPending(journal, actor, platform, onStep);
    });
    if (journal.unmarked > 0) {
      stderr.print(
        `${journal.unmarked} of these could not be marked as undone in ${folder.journal}: the next undo does them once more.`,
      );
    }
    refuseDamages(journal.damages, folder);
  } finally {
    journal.close();
  }
}

/** What could be read is undone; of the rest nobody knows. */
function refuseDamages(damages: readonly Damage[], folder: RunFolder): void {
  if (damages.length === 0) return;
  const lines = damages.map(({ line, what }) => `${folder.journal}:${line}: ${what}`);
  throw new OperatorError(`acts may be pending that nobody can read: ${lines.join('; ')}`, {
    hint: 'look for leftovers by label: brownout undo --cluster <file>; a node without power carries no label',
  });
}

/**
 * Refuses while another run holds the cluster's lock: undoing a dead run may disturb it, such as a node that both drained or switched
 * off. If the lock cannot be read the undo goes on: the nodes may be off.
 */
async function refuseBesideOthers({ run, owner }: Journal['header'], platform: Platform): Promise<void> {
  const lockHolder = await platform.lockHolder().catch(() => undefined);
  const isOwn = lockHolder === run && ownerState(owner) === 'gone';
  if (lockHolder === undefined || isOwn) return;
  throw new OperatorError(`run ${lockHolder} has recently renewed its lock on this cluster, so it is still going on`, {
    hint: 'wait for its end; if it is dead after all, its lock runs out two minutes after the last renewal',
  });
}

async function undoLeftovers(
  cluster: Cluster,
  run: string | undefined,
  onStep: (step: UndoStep) => void,
): Promise<void> {
  await withActor(cluster, async (actor, platform) => {
    const running = new Set(
      listRuns()
        .filter((folder) => hasPending(folder) && isRunning(folder))
        // Not by the folder's name: it may have been moved.
        .map(({ journal }) => readJournal(journal).header.run),
    );
    const leftovers = await platform.leftovers(run);
    const lockHolder = run === undefined ? await platform.lockHolder() : undefined;
    if (
      lockHolder !== undefined &&
      !running.has(lockHolder) &&
      leftovers.some((leftover) => leftover.run === lockHolder)
    ) {
      running.add(lockHolder);
      stderr.print(
        `Run ${lockHolder} has recently renewed its lock, so it is still going on, perhaps on another machine, and is left alone. ` +
          `If it is dead after all: brownout undo ${lockHolder} --cluster ${cluster.file}`,
      );
    }
    for (const leftover of leftovers) {
      if (running.has(leftover.run)) continue;
      const error = await actor.perform(leftover.remove).then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
      );
      onStep({ act: leftover.remove, error });
    }
  });
}

async function withActor(
  cluster: Cluster,
  body: (actor: ReturnType<typeof createActor>, platform: Awaited<ReturnType<typeof createPlatform>>) => Promise<void>,
): Promise<void> {
  const platform = await createPlatform(cluster);
  try {
    await body(createActor(platform, createPower(cluster)), platform);
  } finally {
    await platform.close();
  }
}
