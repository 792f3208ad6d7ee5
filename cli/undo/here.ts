/** Carries undos out in this process. */
import { isDeepStrictEqual } from 'node:util';
import { stderr } from '../../output/terminal.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { ownerState } from '../../platforms/owner.ts';
import type { Leftover, Platform } from '../../platforms/platform.ts';
import { listRuns, RUN_ID, type RunFolder } from '../../recording/folder.ts';
import type { Actor } from '../../run/journal/actor.ts';
import { type Damage, Journal, readJournal } from '../../run/journal/journal.ts';
import { readRunJournal } from '../../run/journal/run-journal.ts';
import { describeAct, type UndoStep, undoPending } from '../../run/journal/undo.ts';
import { locate, type Place } from '../../run/locate.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { within } from '../../units/within.ts';
import { hasPending, headerOf, isRunning, stateOf } from './pending.ts';

/** What a leftover may take to be removed, ms. */
const REMOVED_WITHIN = 120_000;

export interface Undoing {
  onStep: (step: UndoStep) => void;
  /** The actor that every undo goes through, in place of this one. */
  through?: (actor: Actor) => Actor;
}

/** Whose leftovers: of the run whose label says this, all of it, or of the only one whose label ends so, which is what people give. */
export type Whose = { id: string } | { end: string };

/** How a run is undone. */
export interface Asked {
  /** The cluster to do it on, instead of what the journal says of it. */
  given: Cluster | undefined;
  /** An operator has named this very run. */
  isNamed: boolean;
}

/**
 * Takes back what a run left, as far as its journal can be read. Throws OperatorError for what nobody can know to be undone.
 */
export async function undoRunHere(
  folder: RunFolder,
  { onStep, through = (actor) => actor }: Undoing,
  { given, isNamed }: Asked,
): Promise<void> {
  readRunJournal(folder);
  const journal = Journal.open(folder.journal);
  try {
    if (journal.pending().length > 0) {
      await undoOn(locate(journal.header, folder, given), journal, { onStep, through, isNamed });
    }
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

async function undoOn(
  { cluster, project }: Place,
  journal: Journal,
  { onStep, through, isNamed }: Required<Undoing> & Pick<Asked, 'isNamed'>,
): Promise<void> {
  // Power commands are meant from the project's folder.
  process.chdir(project);
  const { loadPlatform } = await import('../../run/parts.ts');
  await loadPlatform(project, cluster.platform);
  await withPlatform(cluster, async (platform, actorOf) => {
    await refuseBesideOthers(journal.header, platform, isNamed);
    await undoPending(journal, through(actorOf(journal.header.run)), platform, onStep);
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
 * off. If the lock cannot be read the undo goes on, for the nodes may be off; but not of a run elsewhere that nobody has named, for it may live, and its
 * own fault may be what keeps the lock from being read.
 */
async function refuseBesideOthers(
  { run, owner }: Journal['header'],
  platform: Platform,
  isNamed: boolean,
): Promise<void> {
  let lockHolder: string | undefined;
  try {
    lockHolder = await platform.lockHolder();
  } catch (cause) {
    if (isNamed || ownerState(owner) !== 'elsewhere') return;
    throw new OperatorError(
      `run ${run} was started elsewhere, and whether it is still going on cannot be seen: ${messageOf(cause)}`,
      { hint: `if it is dead: brownout undo ${run}`, cause },
    );
  }
  const isOwn = lockHolder === run && ownerState(owner) === 'gone';
  if (lockHolder === undefined || isOwn) return;
  throw stillHeld(lockHolder);
}

const stillHeld = (holder: string) =>
  new OperatorError(`run ${holder} has recently renewed its lock on this cluster, so it is still going on`, {
    hint: 'wait for its end; if it is dead after all, its lock runs out two minutes after the last renewal',
  });

/**
 * Removes what carries the label of a run on a cluster, whether or not there is a journal.
 *
 * @param whose only of this run
 * @param tried what was tried already, and told
 */
export async function undoLeftoversHere(
  cluster: Cluster,
  whose: Whose | undefined,
  tried: readonly UndoStep[],
  { onStep, through = (actor) => actor }: Undoing,
): Promise<void> {
  await withPlatform(cluster, async (platform, actorOf) => {
    const running = new Set(
      listRuns()
        .filter((folder) => hasPending(folder) && isRunning(folder))
        // Not by the folder's name: it may have been moved.
        .map(({ journal }) => readJournal(journal).header.run),
    );
    const leftovers = whose ? await leftoversOf(platform, whose) : await platform.leftovers();
    if (whose) await refuseWhileHeld(platform, leftovers);
    const lockHolder = whose ? undefined : await platform.lockHolder();
    if (
      lockHolder !== undefined &&
      !running.has(lockHolder) &&
      leftovers.some((leftover) => leftover.run === lockHolder)
    ) {
      running.add(lockHolder);
      stderr.print(
        `Run ${lockHolder} has recently renewed its lock, so it is still going on, perhaps on another machine, and is left alone. ` +
          'If it is dead after all, its lock runs out two minutes after the last renewal.',
      );
    }
    for (const leftover of leftovers) {
      if (running.has(leftover.run)) continue;
      // Its journal's undo has had its two minutes, and was told.
      if (tried.some(({ act, error }) => error !== undefined && isDeepStrictEqual(act, leftover.remove))) continue;
      const actor = through(actorOf(leftover.run));
      const removing = within(REMOVED_WITHIN, describeAct(leftover.remove), actor.undo(leftover.remove));
      const failure = await removing.then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? reason : new Error(messageOf(reason))),
      );
      onStep({ act: leftover.remove, error: failure?.message, hint: (failure as OperatorError | undefined)?.hint });
    }
  });
}

/** What carries the label of a run: nothing of an id is no mistake, and of the end of one may be one. */
async function leftoversOf(platform: Platform, whose: Whose): Promise<Leftover[]> {
  if ('id' in whose) {
    const { id } = whose;
    // A file may say anything, which is no label that a platform could be asked for.
    return RUN_ID.test(id) ? platform.leftovers(id) : (await platform.leftovers()).filter(({ run }) => run === id);
  }
  const { end } = whose;
  const found = (await platform.leftovers()).filter(({ run }) => run.endsWith(end));
  const runs = [...new Set(found.map(({ run }) => run))];
  if (runs.length === 1) return found;
  throw new OperatorError(
    runs.length === 0
      ? `There is no run '${end}' here, and nothing on the cluster carries its label.`
      : `'${end}' fits several runs: ${runs.join(', ')}.`,
    { hint: 'Give its whole id.' },
  );
}

/** Nothing of a run that lives is taken away, whoever names it. Where the lock cannot be read, an operator who names a run is believed. */
async function refuseWhileHeld(platform: Platform, leftovers: readonly Leftover[]): Promise<void> {
  const holder = leftovers.length === 0 ? undefined : await platform.lockHolder().catch(() => undefined);
  if (holder === undefined) return;
  // Of this project, and its process was here and is not any more.
  const isGone = listRuns().some((folder) => headerOf(folder)?.run === holder && stateOf(folder) === 'gone');
  if (!isGone) throw stillHeld(holder);
}

/** Only here is a platform loaded, and what its acts are checked with: most undos find nothing to do. */
async function withPlatform(
  cluster: Cluster,
  body: (platform: Platform, actorOf: (run: string) => Actor) => Promise<void>,
): Promise<void> {
  const [{ createPlatform }, { createPower }, { createActor }] = await Promise.all([
    import('../../platforms/index.ts'),
    import('../../platforms/power/index.ts'),
    import('../../run/journal/actor.ts'),
  ]);
  const platform = await createPlatform(cluster);
  try {
    const power = await createPower(cluster);
    await body(platform, (run) => createActor(platform, power, cluster.allow, run));
  } finally {
    await platform.close();
  }
}
