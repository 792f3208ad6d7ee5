import path from 'node:path';
import { Command } from 'commander';
import { asJson, type Styled, stderr, stdout, styled } from '../../output/terminal.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import {
  findRun,
  isThere,
  listRuns,
  NoSuchRun,
  RUN_ID,
  type RunFolder,
  UnreadableRuns,
} from '../../recording/folder.ts';
import { readMeta } from '../../recording/read.ts';
import { describeAct, type UndoStep } from '../../run/journal/undo.ts';
import { isAbout } from '../../run/locate.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { exit } from '../exit.ts';
import { tellHint } from '../tell.ts';
import { undoLeftovers, undoRun } from './apart.ts';
import type { Whose } from './here.ts';
import { abandonedRuns, hasPending, headerOf, isRunning, stillGoing } from './pending.ts';

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
      const isNotReached = (run: string, error: unknown) => {
        notReached.push({ run, error: messageOf(error) });
        stderr.print(`not undone  run ${run}: ${messageOf(error)}`);
        if (error instanceof OperatorError) tellHint(error.hint);
      };
      const { left, goingOn, byLabel, unseen } = runsToUndo(name, given);
      if (unseen) isNotReached(name ?? 'of any name', unseen);
      for (const folder of goingOn) stderr.print(stillGoing(folder));
      if (goingOn.length > 0) tellHint('End its `brownout run` with Ctrl-C; it cleans up by itself.');
      for (const folder of left) {
        // A run that cannot be undone now must not prevent the undo of others.
        try {
          await undoRun(folder, onStep, { given: clusterFor(folder, name, given), isNamed: name !== undefined });
        } catch (error) {
          isNotReached(path.basename(folder.dir), error);
        }
      }
      if (given && byLabel) {
        try {
          await undoLeftovers(given, name === undefined ? undefined : whoseIs(name), [...steps], onStep);
        } catch (error) {
          // Where nothing was undone before, the cluster file may be wrong.
          if (steps.length === 0 && notReached.length === 0) throw error;
          isNotReached(name ?? 'of any name', error);
        }
      }
      // What a run that goes on has done is not undone either: its own end does that, and nobody here knows whether it comes.
      const isAllUndone =
        notReached.length === 0 && goingOn.length === 0 && steps.every((step) => step.error === undefined);
      if (flags.json)
        stdout.print(asJson({ steps, notReached, goingOn: goingOn.map(({ dir }) => path.basename(dir)) }));
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
  const [{ toCluster }, { readYaml }, { registeredPlatforms }, { loadPlatform, loadPlatforms }] = await Promise.all([
    import('../../clusters/load.ts'),
    import('../../files/yaml.ts'),
    import('../../platforms/index.ts'),
    import('../../run/parts.ts'),
  ]);
  const yaml = readYaml(file);
  const { platform: kind } = (yaml.value ?? {}) as { platform?: unknown };
  const project = process.cwd();
  if (typeof kind === 'string') await loadPlatform(project, kind);
  const isKnown = typeof kind === 'string' && Object.hasOwn(registeredPlatforms(), kind);
  // For the words of the refusal: it names all that there are.
  if (!isKnown) await loadPlatforms(project);
  const cluster = toCluster(yaml);
  // Paths are meant from here, whatever folder an undo goes to.
  return { ...cluster, file: path.resolve(cluster.file) };
}

interface ToUndo {
  left: RunFolder[];
  /** Runs whose process lives: the one that was named, or those with acts that are not undone yet. */
  goingOn: RunFolder[];
  /** What carries a label may be looked for, too. */
  byLabel: boolean;
  /** Why nobody knows. Nothing is done then: what carries a label may be of a run that goes on. */
  unseen?: UnreadableRuns;
}

function runsToUndo(name: string | undefined, given: Cluster | undefined): ToUndo {
  try {
    return seenToUndo(name, given);
  } catch (error) {
    if (error instanceof UnreadableRuns) return { left: [], goingOn: [], byLabel: false, unseen: error };
    throw error;
  }
}

function seenToUndo(name: string | undefined, given: Cluster | undefined): ToUndo {
  if (name === undefined) {
    const goingOn = listRuns().filter((each) => hasPending(each) && isRunning(each));
    return { left: abandonedRuns(), goingOn, byLabel: true };
  }
  // With --cluster the run may have been started on another machine: there need not be a journal.
  const folder = given ? folderHere(name) : findRun(name);
  if (!folder) return { left: [], goingOn: [], byLabel: true };
  if (isRunning(folder)) return { left: [], goingOn: [folder], byLabel: false };
  return { left: hasPending(folder) ? [folder] : [], goingOn: [], byLabel: true };
}

/** Undefined where no run of this project is meant. Throws OperatorError for a name that may be of several, or is none. */
function folderHere(name: string): RunFolder | undefined {
  try {
    return findRun(name);
  } catch (error) {
    // What has that name here was perhaps of a run, and is no end of an id.
    if (error instanceof NoSuchRun && (RUN_ID.test(name) || !isThere(name))) return undefined;
    throw error;
  }
}

/** By whoever gave the name, where there is no folder of that run here. */
function whoseIs(name: string): Whose {
  const folder = folderHere(name);
  if (folder) return { id: idOf(folder) };
  return RUN_ID.test(name) ? { id: name } : { end: name };
}

/** What a run's label says: its journal knows, and else what was recorded; its folder may have been given any name. */
function idOf(folder: RunFolder): string {
  const name = path.basename(folder.dir);
  const id = headerOf(folder)?.run ?? recordedId(folder) ?? (RUN_ID.test(name) ? name : undefined);
  if (id !== undefined) return id;
  throw new OperatorError(
    `which run ${folder.dir} is of cannot be read: its journal and its run.json are damaged or gone`,
    {
      hint: 'give the whole id of the run, as the label says it, or look for all leftovers: brownout undo --cluster <file>',
    },
  );
}

function recordedId(folder: RunFolder): string | undefined {
  try {
    return readMeta(folder).id;
  } catch {
    return undefined;
  }
}

/** The cluster file that was given, where it is this run's: the operator says so, or it is the same cluster. */
function clusterFor(folder: RunFolder, name: string | undefined, given: Cluster | undefined): Cluster | undefined {
  if (!given || name !== undefined) return given;
  const header = headerOf(folder);
  return header && isAbout(header, folder, given) ? given : undefined;
}
