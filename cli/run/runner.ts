/** The scenario runner as the command sees it: a process of its own, whose progress is shown and to which the user's interrupts are passed on. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { projectPath } from '../../files/project-path.ts';
import { stderr, stdout, styled } from '../../output/terminal.ts';
import { messageIn } from '../../processes/json-line.ts';
import { listRuns, runFolder, UnreadableRuns } from '../../recording/folder.ts';
import { createLiveView } from '../../reports/live.ts';
import { renderSummary } from '../../reports/terminal.ts';
import { LONGEST_CLEAN_UP } from '../../run/injection/inject.ts';
import {
  COMMAND_PIPE,
  INVOCATION,
  type Invocation,
  type Message,
  type ScenarioResult,
  type Trouble,
} from '../../run/invocation/invocation.ts';
import { pendingIn, readFindings } from '../../run/judge.ts';
import { shownPath } from '../../run/plan.ts';
import { few } from '../../units/words.ts';
import { endedEarlyIs } from '../ending.ts';
import { exit } from '../exit.ts';
import { Interrupts } from '../interrupts.ts';
import { untilGone } from '../undo/abandoned.ts';
import { isRunning } from '../undo/pending.ts';

interface PlaywrightRun {
  results: ScenarioResult[];
  /** What ended tests that could not tell how their scenario ended, each once. */
  broken: Trouble[];
  /** Playwright's own output. */
  output: string;
  /** Every test ended as expected. */
  green: boolean;
  /** The folders of all runs that began. */
  begun: string[];
  /** The folders of the runs that the user stopped before their clean-up was done. */
  abandoned: string[] | undefined;
  /** What ended the runner from outside, and was not this command. */
  endedBy: NodeJS.Signals | null;
  /** The user asked to stop before the runner had ended: a test that it then calls failed may only have been cut short. */
  isInterrupted: boolean;
  /** All journeys could be loaded. */
  isListed: boolean;
  /** No run began, nobody interrupted it, and no cluster was looked at. */
  isUntouched: boolean;
}

/** How long journeys may take to be loaded, ms: a loop in one ends before, with its place. */
const LISTED_WITHIN = 60_000;

/** How long the runner may take to end when it is interrupted and no run has begun, ms. */
const ENDED_WITHIN = 5_000;

/** Of what the runner prints, and parts of a project in it, so much is kept, in characters. */
const MOST_OUTPUT = 1_000_000;

/**
 * Starts Playwright Test in its own process group, shows its progress, and passes the user's interrupts on.
 *
 * @param folder for what the two tell each other
 * @param before the folders of runs that there were already
 */
export async function runPlaywright(
  invocation: Invocation,
  folder: string,
  before: ReadonlySet<string>,
  quiet: boolean,
): Promise<PlaywrightRun> {
  const file = path.join(folder, 'invocation.json');
  writeFileSync(file, JSON.stringify(invocation));
  writeFileSync(invocation.wire, '');
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );
  const extension = path.extname(import.meta.filename);
  const config = path.resolve(import.meta.dirname, '../..', `playwright.config${extension}`);
  const child = spawn(process.execPath, [cli, 'test', '--config', config], {
    env: { ...process.env, [INVOCATION]: file, FORCE_COLOR: '0' },
    // The last one is open for as long as this process lives, and has no other use.
    stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: COMMAND_PIPE - 2 }, () => 'pipe' as const)],
    // Ctrl-C reaches only this command, which signals the runner; the runner heals and cleans up. So this is spawn, not execa
    // as elsewhere: the runner must be able to outlive this command.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-MOST_OUTPUT);
    });

  const view = createLiveView({
    out: quiet ? stderr : stdout,
    quiet,
    clusters: invocation.clusters.map((file) => projectPath(file)),
  });
  const results: ScenarioResult[] = [];
  const broken = new Map<string, Trouble>();
  const begun = new Set<string>();
  let isEndedByUs = false;
  const end = () => {
    isEndedByUs = true;
    killGroup(child.pid!);
  };
  // Without journeys nobody's code is run before a test.
  let isListed = invocation.journeys.length === 0;
  const notListed = (what: string) => {
    const message = `${few(invocation.journeys.map(shownPath))}: ${what}`;
    const hint = 'Does it wait for something while it is loaded? What takes time belongs into its tests.';
    broken.set(message, { message, hint, isRefusal: true });
  };
  const listing = setTimeout(() => {
    if (isListed) return;
    notListed(`not loaded within ${LISTED_WITHIN / 1000} s`);
    end();
  }, LISTED_WITHIN);
  const follow = followWire(invocation.wire, (message) => {
    if ('listed' in message) {
      isListed = true;
      return;
    }
    if ('result' in message) {
      results.push(message.result);
      view.pause(() => showResult(message.result, quiet));
      return;
    }
    if ('trouble' in message) {
      // Every test of this cluster meets it.
      broken.set(message.trouble.message, message.trouble);
      return;
    }
    if (message.progress.kind === 'run') begun.add(message.progress.dir);
    view.show(message.run, message.progress);
  });

  const interrupts = new Interrupts();
  const interrupt = () => {
    if (!interrupts.add(performance.now())) return;
    if (interrupts.count === 1) {
      view.note('interrupted: healing and cleaning up (again to leave everything as it is)');
      child.kill('SIGINT');
      // It may not hear that: what a journey does while it is loaded keeps it from all else. A run that begins meanwhile is undone. One may have
      // begun and could not say so: the disk of temporary files is full.
      setTimeout(() => begun.size > 0 || hasBegun(before) || end(), ENDED_WITHIN).unref();
      return;
    }
    view.close();
    killGroup(child.pid!);
  };
  // A terminal that is closed is an interrupt, too.
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  endedEarlyIs(exit.unknown);
  const { status, endedBy } = await new Promise<Pick<PlaywrightRun, 'endedBy'> & { status: number | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ status: code, endedBy: signal })),
  );
  clearTimeout(listing);
  if (endedBy !== null && !isEndedByUs && interrupts.count < 2) {
    view.note(`the runner was ended by ${endedBy}: what it ran heals and cleans up by itself`);
    await Promise.all([...begun].map((dir) => untilGone(runFolder(dir).journal, LONGEST_CLEAN_UP)));
  }
  for (const signal of INTERRUPTS) process.off(signal, interrupt).on(signal, finishFirst);
  follow.stop();
  view.close();
  // Where nothing is left to wait for, a process ends by itself, as if all was well.
  if (!isListed && status === 0) notListed('its process ended while it was loaded');
  const abandoned = interrupts.count > 1 ? [...begun] : undefined;
  const isInterrupted = interrupts.count > 0;
  const isUntouched = begun.size === 0 && results.length === 0 && !isInterrupted;
  return {
    results,
    broken: [...broken.values()],
    output,
    green: status === 0,
    begun: [...begun],
    abandoned,
    endedBy: isEndedByUs ? null : endedBy,
    isInterrupted,
    isListed,
    isUntouched,
  };
}

/** A run that was not there before, and lives. Where nobody can look, one may have begun. */
function hasBegun(before: ReadonlySet<string>): boolean {
  try {
    return listRuns().some((each) => !before.has(each.dir) && isRunning(each));
  } catch (error) {
    if (error instanceof UnreadableRuns) return true;
    throw error;
  }
}

/** From the runner's end on: what it left must still be undone, the code told, and all of that ends by itself. */
function finishFirst(): void {
  stderr.print('The run has ended: what it left is undone and told first.');
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function showResult(result: ScenarioResult, quiet: boolean): void {
  if (quiet) return;
  if (result.kind === 'judged') {
    const { meta, findings } = readFindings(runFolder(result.dir));
    const { color, columns: width = 160 } = stdout;
    stdout.print(renderSummary(meta, findings, { color, width }));
    const { report } = runFolder(result.dir);
    if (existsSync(report)) stdout.print(`Report: ${shownPath(report)}`);
    for (const left of result.notUndone) stdout.print(styled`Not undone: ${left}`);
    if (result.notUndone.length > 0) stdout.print(`  What to do: ${whatToDo(result)}`);
  } else if (result.kind === 'refused') {
    stdout.print(`refused  ${result.scenario} on ${result.cluster}: ${result.message}`);
    if (result.hint) stdout.print(`  What to do: ${result.hint}`);
  } else {
    stdout.print(`skipped  ${result.scenario} on ${result.cluster}: ${result.reason}`);
  }
}

function whatToDo({ run, dir }: Extract<ScenarioResult, { kind: 'judged' }>): string {
  return pendingIn(runFolder(dir))?.length === 0
    ? 'All acts are undone: look at what still differs on the cluster.'
    : `brownout undo ${run}`;
}

/** The runner, and all that it started; none may be there any more. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Calls back for every appended line, including the last ones. */
function followWire(file: string, onMessage: (message: Message) => void): { stop(): void } {
  const fd = openSync(file, 'r');
  let incomplete = '';
  const buffer = Buffer.alloc(64 * 1024);
  const drain = () => {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      const lines = (incomplete + buffer.toString('utf8', 0, read)).split('\n');
      incomplete = lines.pop()!;
      for (const line of lines) {
        const message = messageIn<Message>(line);
        if (message) onMessage(message);
      }
    }
  };
  // File events do not work everywhere; for a display, polling is good enough.
  const timer = setInterval(drain, 100);
  return {
    stop() {
      clearInterval(timer);
      drain();
      closeSync(fd);
    },
  };
}
