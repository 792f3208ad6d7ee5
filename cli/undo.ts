import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import type { Cluster } from '../platforms/cluster.ts';
import { ownerPid, ownerState } from '../platforms/owner.ts';
import type { Platform } from '../platforms/platform.ts';
import { findRun, listRuns, type RunFolder } from '../recording/folder.ts';
import type { Actor } from '../run/actor.ts';
import { type Damage, DamagedJournal, Journal, readJournal } from '../run/journal.ts';
import { isAbout, locate, type Place } from '../run/locate.ts';
import { readRunJournal } from '../run/run-journal.ts';
import { describeAct, type UndoStep, undoPending } from '../run/undo.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { asJson, type Styled, stderr, stdout, styled } from '../units/terminal.ts';
import { within } from '../units/within.ts';
import { exit } from './exit.ts';
import { tellHint } from './tell.ts';

/** What a platform may take for what is asked of it here, ms; the suite's own have shorter limits of their own. */
const PLATFORM_TIME = 120_000;
const CLOSING = 10_000;

interface UndoFlags {
  cluster?: string;
  json?: boolean;
}

export function undoCommand(): Command {
  return new Command('undo')
    .description('undoes what a dead run has left behind')
    .argument('[run]', 'a run, by id, the end of its id, or its folder; every run with something left, without it')
    .option(
      '-c, --cluster <file>',
      'this cluster: for a journal from another machine or project, and to look for leftovers by their label',
    )
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, flags: UndoFlags) => {
      const given = flags.cluster === undefined ? undefined : await loadGiven(flags.cluster);
      const steps: UndoStep[] = [];
      const onStep = (step: UndoStep) => {
        steps.push(step);
        if (flags.json) return;
        stdout.print(describeStep(step));
      };
      const notReached: { run: string; error: string }[] = [];
      for (const folder of runsToUndo(name, given)) {
        // A run that cannot be undone now must not prevent the undo of others.
        await undoRun(folder, onStep, clusterFor(folder, name, given)).catch((error: unknown) => {
          const run = path.basename(folder.dir);
          notReached.push({ run, error: messageOf(error) });
          stderr.print(`not undone  run ${run}: ${messageOf(error)}`);
          if (error instanceof OperatorError) tellHint(error.hint);
        });
      }
      if (given) await undoLeftovers(given, name && (knownRun(name)?.id ?? name), [...steps], onStep);
      const isAllUndone = notReached.length === 0 && steps.every((step) => step.error === undefined);
      if (flags.json) stdout.print(asJson({ steps, notReached }));
      else if (steps.length === 0 && isAllUndone) stdout.print('Nothing to undo.');
      process.exitCode = isAllUndone ? exit.pass : exit.notUndone;
    });
}

/** How an undo went, for people. */
export function describeStep({ act, error, hint }: UndoStep): Styled {
  if (error === undefined) return styled`undone      ${describeAct(act)}`;
  const failed = styled`not undone  ${describeAct(act)}: ${error}`;
  return hint ? styled`${failed}\n  What to do: ${hint}` : failed;
}

/** Wrong input is refused before anything is undone. */
async function loadGiven(file: string): Promise<Cluster> {
  const [{ loadCluster }, { loadPlatforms }] = await Promise.all([
    import('../clusters/load.ts'),
    import('../run/parts.ts'),
  ]);
  await loadPlatforms(process.cwd());
  const cluster = await loadCluster(file);
  // Paths are meant from here, whatever folder an undo goes to.
  return { ...cluster, file: path.resolve(cluster.file) };
}

function runsToUndo(name: string | undefined, given: Cluster | undefined): RunFolder[] {
  if (name === undefined) {
    for (const folder of listRuns().filter((each) => hasPending(each) && isRunning(each)))
      stderr.print(stillGoing(folder));
    return abandonedRuns();
  }
  // With --cluster the run may have been started on another machine: there need not be a journal.
  const folder = given ? knownRun(name)?.folder : findRun(name);
  if (!folder) return [];
  if (isRunning(folder))
    throw new OperatorError(stillGoing(folder), {
      hint: 'End its `brownout run` with Ctrl-C; it cleans up by itself.',
    });
  return hasPending(folder) ? [folder] : [];
}

function knownRun(name: string): { folder: RunFolder; id: string } | undefined {
  try {
    const folder = findRun(name);
    return { folder, id: readJournal(folder.journal).header.run };
  } catch {
    return undefined;
  }
}

/** The cluster file that was given, where it is this run's: the operator says so, or it is the same cluster. */
function clusterFor(folder: RunFolder, name: string | undefined, given: Cluster | undefined): Cluster | undefined {
  if (!given || name !== undefined) return given;
  try {
    return isAbout(readJournal(folder.journal).header, folder, given) ? given : undefined;
  } catch {
    return undefined;
  }
}

/** Runs of this project that left something, and whose process is gone. */
export function abandonedRuns(): RunFolder[] {
  return listRuns().filter((folder) => hasPending(folder) && !isRunning(folder));
}

/** Acts that are not undone yet, or a journal of which nobody knows. */
function hasPending(folder: RunFolder): boolean {
  try {
    const { entries, damages } = readRunJournal(folder);
    return entries.length > 0 || damages.length > 0;
  } catch (error) {
    // One that was cut before its first line was whole, or none: no act had begun. Of any other nobody knows.
    const isCut = error instanceof OperatorError && !(error instanceof DamagedJournal);
    return !isCut && (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

function stillGoing(folder: RunFolder): string {
  const pid = ownerPid(readJournal(folder.journal).header.owner);
  return `Run ${path.basename(folder.dir)} is still going on (process ${pid}) and is left alone.`;
}

function isRunning(folder: RunFolder): boolean {
  try {
    return ownerState(readJournal(folder.journal).header.owner) === 'alive';
  } catch {
    // Who cannot be asked is undone as far as it goes, and told.
    return false;
  }
}

/**
 * Takes back what a run left, as far as its journal can be read. Throws OperatorError for what nobody can know to be undone.
 *
 * @param given the cluster to do it on, instead of what the journal says of it
 */
export async function undoRun(
  folder: RunFolder,
  onStep: (step: UndoStep) => void,
  given: Cluster | undefined,
): Promise<void> {
  readRunJournal(folder);
  const journal = Journal.open(folder.journal);
  try {
    if (journal.pending().length > 0) await undoOn(locate(journal.header, folder, given), journal, onStep);
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

async function undoOn({ cluster, project }: Place, journal: Journal, onStep: (step: UndoStep) => void): Promise<void> {
  // Power commands are meant from the project's folder.
  process.chdir(project);
  const { loadPlatform } = await import('../run/parts.ts');
  await loadPlatform(project, cluster.platform);
  await withPlatform(cluster, async (platform, actorOf) => {
    await refuseBesideOthers(journal.header, platform);
    await undoPending(journal, actorOf(journal.header.run), platform, onStep);
  });
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
  const lockHolder = await within(PLATFORM_TIME, 'who holds the lock', platform.lockHolder()).catch(() => undefined);
  const isOwn = lockHolder === run && ownerState(owner) === 'gone';
  if (lockHolder === undefined || isOwn) return;
  throw new OperatorError(`run ${lockHolder} has recently renewed its lock on this cluster, so it is still going on`, {
    hint: 'wait for its end; if it is dead after all, its lock runs out two minutes after the last renewal',
  });
}

async function undoLeftovers(
  cluster: Cluster,
  run: string | undefined,
  tried: readonly UndoStep[],
  onStep: (step: UndoStep) => void,
): Promise<void> {
  await withPlatform(cluster, async (platform, actorOf) => {
    const running = new Set(
      listRuns()
        .filter((folder) => hasPending(folder) && isRunning(folder))
        // Not by the folder's name: it may have been moved.
        .map(({ journal }) => readJournal(journal).header.run),
    );
    const leftovers = await within(PLATFORM_TIME, `leftovers on ${cluster.file}`, platform.leftovers(run));
    const holder = async () => platform.lockHolder();
    const lockHolder = run === undefined ? await within(PLATFORM_TIME, 'who holds the lock', holder()) : undefined;
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
      // Its journal's undo has had its two minutes, and was told.
      if (tried.some(({ act, error }) => error !== undefined && isDeepStrictEqual(act, leftover.remove))) continue;
      const removing = within(PLATFORM_TIME, describeAct(leftover.remove), actorOf(leftover.run).undo(leftover.remove));
      const failure = await removing.then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? reason : new Error(messageOf(reason))),
      );
      onStep({ act: leftover.remove, error: failure?.message, hint: (failure as OperatorError | undefined)?.hint });
    }
  });
}

/** Only here is a platform loaded, and what its acts are checked with: most undos find nothing to do. */
async function withPlatform(
  cluster: Cluster,
  body: (platform: Platform, actorOf: (run: string) => Actor) => Promise<void>,
): Promise<void> {
  const [{ createPlatform }, { createPower }, { createActor }] = await Promise.all([
    import('../platforms/index.ts'),
    import('../platforms/power/index.ts'),
    import('../run/actor.ts'),
  ]);
  const platform = await within(PLATFORM_TIME, `connecting to ${cluster.file}`, createPlatform(cluster));
  try {
    const power = await createPower(cluster);
    await body(platform, (run) => createActor(platform, power, cluster.allow, run));
  } finally {
    // All is done and told by now; the process ends whether or not it closes.
    await within(CLOSING, 'closing', platform.close()).catch(() => undefined);
  }
}
