import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { loadCluster } from '../clusters/load.ts';
import { once } from '../files/find.ts';
import { projectPath } from '../files/project-path.ts';
import { runFolder } from '../recording/folder.ts';
import { createLiveView } from '../reports/live.ts';
import { renderSummary } from '../reports/terminal.ts';
import { INVOCATION, type Invocation, type Message, type ScenarioResult, type Trouble } from '../run/invocation.ts';
import { InvocationFolder } from '../run/invocation-folder.ts';
import { readFindings } from '../run/judge.ts';
import { loadProject } from '../run/parts.ts';
import { shownPath } from '../run/plan.ts';
import { findScenarios, loadScenario } from '../scenarios/load.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { asJson, stderr, stdout, styled } from '../units/terminal.ts';
import { tellWhatIsLeft, undoAbandoned, untilGone } from './abandoned.ts';
import { endedEarlyIs } from './ending.ts';
import { exit, worstExit } from './exit.ts';
import { Interrupts } from './interrupts.ts';

interface RunFlags {
  cluster: string[];
  seed?: number;
  json?: boolean;
  allure: boolean;
}

export function runCommand(): Command {
  return new Command('run')
    .description('runs scenarios on a cluster and judges them')
    .argument('<scenario...>', 'scenario files or folders; Playwright specs (*.spec.ts) are run as journeys')
    .requiredOption('-c, --cluster <file...>', 'cluster files')
    .addOption(new Option('--seed <number>', 'the same choices again').argParser(parseSeed))
    .option('--json', 'one JSON object on standard output')
    .option('--no-allure', 'no Allure report (its results are written all the same)')
    .action(async (scenarios: string[], flags: RunFlags) => {
      process.exitCode = await runScenarios(scenarios, flags);
    });
}

export function parseSeed(text: string): number {
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed;
  throw new OperatorError(`--seed takes a whole number from 0 to 4294967295, got '${text}'.`);
}

const isJourney = (file: string) => /\.spec\.[jt]s$/.test(file);

/** Returns the exit code. */
export async function runScenarios(given: string[], flags: RunFlags): Promise<number> {
  const journeys = once(given.filter(isJourney)).map((file) => path.resolve(file));
  const clusters = once(flags.cluster).map((file) => path.resolve(file));
  const named = given.filter((file) => !isJourney(file));
  const scenarios = named.length > 0 ? findScenarios(named).map((file) => path.resolve(file)) : [];
  await loadProject(process.cwd());
  // Read every file before touching anything: a typo in the last one must not show up after an hour.
  const [loaded, read] = await Promise.all([
    Promise.all(clusters.map((file) => loadCluster(file))),
    Promise.all(scenarios.map((file) => loadScenario(file))),
  ]);
  for (const file of journeys) if (!existsSync(file)) throw new OperatorError(`There is no journey ${file}.`);

  const own = new InvocationFolder();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-'));
  const invocation: Invocation = {
    scenarios: scenarios.map((file, index) => ({ file, title: read[index]!.title })),
    journeys,
    clusters,
    seed: flags.seed,
    wire: path.join(folder, 'wire.jsonl'),
    allureResults: own.allureResults,
    testResults: own.testResults,
  };
  try {
    const began = new Date();
    const { results, troubles, output, green, abandoned, endedBy, isUntouched } = await runPlaywright(
      invocation,
      folder,
      flags.json ?? false,
    );
    for (const { message, hint } of troubles) {
      stderr.print(`brownout: ${message}`);
      if (hint) stderr.print(`  What to do: ${hint}`);
    }
    if (abandoned) return tellWhatIsLeft(abandoned);
    endedEarlyIs(exit.notUndone);
    const isAllUndone = await undoAbandoned(began, loaded);
    endedEarlyIs(exit.unknown);
    const isComplete = clusters.every((cluster) =>
      scenarios.every((scenario) => results.some(isOf(scenario, cluster))),
    );
    // A journey may have done something before it ran a scenario.
    const isRefused = isUntouched && endedBy === null && journeys.length === 0;
    const known = isRefused ? exit.refused : exitCode(results, troubles, isComplete, green);
    const code = isAllUndone ? known : exit.notUndone;
    if (isRefused) stderr.print('No run has begun, and nothing was changed: the scenarios could not be loaded.');
    if (endedBy !== null) stderr.print(`The runner of the scenarios was ended by ${endedBy}, not by brownout.`);
    // What no verdict explains, Playwright does: a journey that failed, a test that crashed.
    if (troubles.length === 0 && (!isComplete || (!green && results.every(isGreen)))) stderr.print(output.trim());
    const report = await publish(own, flags.allure);
    if (areAllSkipped(results)) stderr.print('Every scenario was skipped: nothing is known of this cluster.');
    if (flags.json) stdout.print(asJson({ outcomes: results.map(withFindings), allure: report ?? null }));
    else if (report) stdout.print(`Allure report: ${shownPath(report)}`);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function codeOf(result: ScenarioResult): number {
  if (result.kind === 'refused') return exit.refused;
  if (result.kind === 'skipped') return exit.pass;
  return result.notUndone.length > 0 ? exit.notUndone : exit[result.gate];
}

/** A skipped scenario is no failure; but if all are skipped, nothing was tested. */
const areAllSkipped = (results: ScenarioResult[]) =>
  results.length > 0 && results.every(({ kind }) => kind === 'skipped');

const isGreen = (result: ScenarioResult) => codeOf(result) === exit.pass;

/** The result of that scenario's own test on that cluster: a journey that ran the same scenario does not stand in for it. */
const isOf = (scenario: string, cluster: string) => (result: ScenarioResult) =>
  result.journey === undefined && result.scenario === projectPath(scenario) && result.cluster === projectPath(cluster);

function exitCode(results: ScenarioResult[], troubles: Trouble[], isComplete: boolean, green: boolean): number {
  const codes = results.map(codeOf);
  codes.push(...troubles.map(({ isRefusal }) => (isRefusal ? exit.refused : exit.unknown)));
  if (areAllSkipped(results)) codes.push(exit.unknown);
  // A scenario without a result crashed or was interrupted, and a journey may have done so before it ran one: unknown.
  if (!isComplete || (results.length === 0 && !green)) codes.push(exit.unknown);
  const worst = worstExit(codes);
  return worst === exit.pass && !green ? exit.fail : worst;
}

function withFindings(result: ScenarioResult): object {
  return result.kind === 'judged' ? { ...result, findings: readFindings(runFolder(result.dir)).findings } : result;
}

/** If the report cannot be made, the verdicts are still valid. */
async function publish(folder: InvocationFolder, withReport: boolean): Promise<string | undefined> {
  const { allureResults, allureReport, allureHistory } = folder;
  const report = async () => {
    const { generateAllureReport } = await import('../reports/allure/generate.ts');
    return generateAllureReport(allureResults, allureReport, allureHistory);
  };
  try {
    return await folder.publish(withReport ? report : undefined);
  } catch (error) {
    stderr.print(`No Allure report was made of ${shownPath(allureResults)}: ${messageOf(error)}`);
    if (error instanceof OperatorError && error.hint) stderr.print(`  What to do: ${error.hint}`);
    return undefined;
  }
}

interface PlaywrightRun {
  results: ScenarioResult[];
  /** Each once. */
  troubles: Trouble[];
  /** Playwright's own output. */
  output: string;
  /** Every test ended as expected. */
  green: boolean;
  /** The folders of the runs that the user stopped before their clean-up was done. */
  abandoned: string[] | undefined;
  /** What ended the runner from outside. */
  endedBy: NodeJS.Signals | null;
  /** No run began, nobody interrupted it, and no cluster was looked at. */
  isUntouched: boolean;
}

/** How long runs may heal and clean up whose runner is gone, ms. */
const HEALED_WITHIN = 900_000;

/** Of what the runner prints, and parts of a project in it, so much is kept, in characters. */
const MOST_OUTPUT = 1_000_000;

/** Starts Playwright Test in its own process group, shows its progress, and passes the user's interrupts on. */
async function runPlaywright(invocation: Invocation, folder: string, quiet: boolean): Promise<PlaywrightRun> {
  const file = path.join(folder, 'invocation.json');
  writeFileSync(file, JSON.stringify(invocation));
  writeFileSync(invocation.wire, '');
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );
  const extension = path.extname(import.meta.filename);
  const config = path.join(path.dirname(import.meta.dirname), `playwright.config${extension}`);
  const child = spawn(process.execPath, [cli, 'test', '--config', config], {
    env: { ...process.env, [INVOCATION]: file, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C reaches only this command, which signals the runner; the runner heals and cleans up. So this is spawn, not execa
    // as elsewhere: the runner must be able to outlive this command.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-MOST_OUTPUT);
    });

  const view = createLiveView({ out: quiet ? stderr : stdout, quiet, clusters: invocation.clusters.map(projectPath) });
  const results: ScenarioResult[] = [];
  const troubles = new Map<string, Trouble>();
  const begun = new Set<string>();
  const follow = followWire(invocation.wire, (message) => {
    if ('result' in message) {
      results.push(message.result);
      view.pause(() => showResult(message.result, quiet));
      return;
    }
    if ('trouble' in message) {
      // Every test of this cluster meets it.
      troubles.set(message.trouble.message, message.trouble);
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
      return;
    }
    view.close();
    killGroup(child.pid!);
  };
  // A terminal that is closed is an interrupt, too.
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  // Whatever ends this command: the runner is told to heal and clean up.
  const tell = () => child.kill('SIGINT');
  process.on('exit', tell);
  endedEarlyIs(exit.unknown);
  const { status, endedBy } = await new Promise<Pick<PlaywrightRun, 'endedBy'> & { status: number | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ status: code, endedBy: signal })),
  );
  process.off('exit', tell);
  if (endedBy !== null && interrupts.count < 2) {
    view.note(`the runner was ended by ${endedBy}: what it ran heals and cleans up by itself`);
    await Promise.all([...begun].map((dir) => untilGone(runFolder(dir).journal, HEALED_WITHIN)));
  }
  for (const signal of INTERRUPTS) process.off(signal, interrupt).on(signal, finishFirst);
  follow.stop();
  view.close();
  const abandoned = interrupts.count > 1 ? [...begun] : undefined;
  const isUntouched = begun.size === 0 && results.length === 0 && interrupts.count === 0;
  return { results, troubles: [...troubles.values()], output, green: status === 0, abandoned, endedBy, isUntouched };
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
    for (const left of result.notUndone)
      stdout.print(styled`Not undone: ${left}\n  What to do: brownout undo ${result.run}`);
  } else if (result.kind === 'refused') {
    stdout.print(`refused  ${result.scenario} on ${result.cluster}: ${result.message}`);
    if (result.hint) stdout.print(`  What to do: ${result.hint}`);
  } else {
    stdout.print(`skipped  ${result.scenario} on ${result.cluster}: ${result.reason}`);
  }
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
      for (const line of lines) onMessage(JSON.parse(line));
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
