import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { loadCluster } from '../../clusters/load.ts';
import { once } from '../../files/find.ts';
import { asJson, lostOutput, stderr, stdout } from '../../output/terminal.ts';
import type { Act } from '../../platforms/platform.ts';
import { listRuns, runFolder } from '../../recording/folder.ts';
import { attachNotUndone } from '../../reports/allure/globals.ts';
import { InvocationFolder } from '../../run/invocation/folder.ts';
import type { Invocation, ScenarioResult, Trouble } from '../../run/invocation/invocation.ts';
import { describeAct } from '../../run/journal/undo.ts';
import { pendingIn, readFindings } from '../../run/judge.ts';
import { loadProject } from '../../run/parts.ts';
import { shownPath } from '../../run/plan.ts';
import { filesFor, findScenarioUses } from '../../scenarios/find.ts';
import { loadScenario } from '../../scenarios/load.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { endedEarlyIs, heardCode } from '../ending.ts';
import { exit, worstExit } from '../exit.ts';
import { codeOf } from '../explain.ts';
import { tellError } from '../tell.ts';
import { tellWhatIsLeft, undoAbandoned } from '../undo/abandoned.ts';
import { publishAllure, tellPages } from './allure.ts';
import { casesOf, GateFiles, type GateFlags } from './gate.ts';
import { runPlaywright } from './runner.ts';

interface RunFlags extends GateFlags {
  cluster: string[];
  seed?: number;
  json?: boolean;
  allure: boolean;
}

export function runCommand(): Command {
  return new Command('run')
    .description('runs scenarios on a cluster and judges them')
    .argument(
      '<scenario...>',
      'scenario files, claims files (the scenarios that answer them), or folders; Playwright specs (*.spec.ts) are run as journeys',
    )
    .requiredOption('-c, --cluster <file...>', 'cluster files')
    .addOption(new Option('--seed <number>', 'the same choices again').argParser(parseSeed))
    .option('--json', 'one JSON object on standard output')
    .option('--summary <file>', 'the outcome as Markdown; also into $GITHUB_STEP_SUMMARY where that is set')
    .option('--junit <file>', 'the outcome as JUnit XML')
    .option('--no-allure', 'no Allure report (its results are written all the same)')
    .action(async (scenarios: string[], flags: RunFlags) => {
      process.exitCode = await runScenarios(scenarios, flags);
    });
}

export function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new OperatorError(`--seed takes a whole number from 0 to 4294967295, got '${text}'.`);
}

const isJourney = (file: string) => /\.spec\.[jt]s$/.test(file);

/** Returns the exit code. */
export async function runScenarios(given: string[], flags: RunFlags): Promise<number> {
  const left = new GateFiles(flags, [...given, ...flags.cluster, ...filesFor(given)]);
  left.begin();
  try {
    return await runAndJudge(given, flags, left);
  } catch (error) {
    left.end({ code: codeOf(error), cases: [], troubles: [messageOf(error)], pages: [] });
    throw error;
  }
}

async function runAndJudge(given: string[], flags: RunFlags, left: GateFiles): Promise<number> {
  const journeys = once(given.filter(isJourney)).map((file) => path.resolve(file));
  const clusters = once(flags.cluster).map((file) => path.resolve(file));
  const named = given.filter((file) => !isJourney(file));
  await loadProject(process.cwd());
  const uses = named.length > 0 ? await findScenarioUses(named) : [];
  const scenarios = uses.map(({ file }) => path.resolve(file));
  // Read every file before touching anything: a typo in the last one must not show up after an hour.
  const [loaded, read] = await Promise.all([
    Promise.all(clusters.map((file) => loadCluster(file))),
    Promise.all(scenarios.map((file) => loadScenario(file))),
  ]);
  for (const file of journeys) if (!existsSync(file)) throw new OperatorError(`There is no journey ${file}.`);

  const own = new InvocationFolder();
  own.removeEnded();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-'));
  const invocation: Invocation = {
    scenarios: scenarios.map((file, index) => ({ file, title: read[index]!.title, on: uses[index]!.on })),
    journeys,
    clusters,
    seed: flags.seed,
    wire: path.join(folder, 'wire.jsonl'),
    allureResults: own.allureResults,
    testResults: own.testResults,
  };
  try {
    // By no clock: it may be set while runs go on, and that of the disk may be another machine's.
    const before = new Set(listRuns().map(({ dir }) => dir));
    const ran = await runPlaywright(invocation, folder, before, flags.json ?? false);
    const { broken, output, green, begun, abandoned, endedBy, isInterrupted, isListed, isUntouched } = ran;
    let { results } = ran;
    for (const trouble of broken) tellError(trouble);
    if (abandoned) {
      const code = await tellWhatIsLeft(abandoned);
      left.end({
        code,
        cases: casesOf(results, read, loaded),
        troubles: ['Stopped at once by whoever started it.'],
        pages: [],
      });
      return code;
    }
    endedEarlyIs(exit.notUndone);
    const ended = new Set(results.flatMap((each) => (each.kind === 'judged' ? [each.dir] : [])));
    const { isAllUndone, undone } = await undoAbandoned({ invocation: invocation.wire, ended }, loaded);
    results = results.map((each) => withoutUndone(each, undone));
    endedEarlyIs(exit.unknown);
    const cases = casesOf(results, read, loaded);
    const isComplete = cases.every(({ outcome }) => outcome.kind !== 'unended');
    // A journey may have done something before it ran a scenario, but not one that was never begun.
    const isRefused = isUntouched && endedBy === null && (journeys.length === 0 || !isListed);
    // Playwright calls a test that was cut short not green, too: it has not failed, and nothing says that it would have passed.
    const isCutShort = isInterrupted && !green;
    // Beside scenarios nothing but a journey can fail by itself: a test of a scenario that broke proves nothing.
    const ofTests = green ? exit.pass : journeys.length > 0 ? exit.fail : exit.unknown;
    const known = isRefused ? exit.refused : exitCode(results, broken, isComplete && !isCutShort, ofTests);
    const code = isAllUndone ? known : exit.notUndone;
    const isUnexplained = broken.length === 0 && !green && !isCutShort && results.every(isGreen);
    const endings = [
      ...(isRefused
        ? ['No run has begun, and nothing was changed: the scenarios or journeys could not be loaded.']
        : []),
      ...(endedBy === null ? [] : [`The runner of the scenarios was ended by ${endedBy}, not by brownout.`]),
      ...(isCutShort ? ['Interrupted before every test had ended: of those that had not, nothing is known.'] : []),
      ...(results.length === 0 && green && broken.length === 0
        ? ['No scenario was run: nothing is known of this cluster.']
        : []),
      ...(areAllSkipped(results) ? ['Every scenario was skipped: nothing is known of this cluster.'] : []),
    ];
    for (const trouble of endings) stderr.print(trouble);
    // What no verdict explains, Playwright does: a journey that failed, a test that crashed.
    if (broken.length === 0 && (!isComplete || isUnexplained)) stderr.print(output.trim());
    const troubles = [
      ...broken.map(({ message }) => message),
      ...endings,
      ...(isUnexplained ? [`A test failed that no verdict explains. ${output.trim()}`] : []),
      ...(isAllUndone ? [] : ['What a run left is not undone: brownout undo']),
    ];
    attachPending(own.allureResults, begun);
    const pages = await publishAllure(own, flags.allure);
    if (flags.json)
      stdout.print(
        asJson({
          outcomes: results.map(withFindings),
          allure: pages?.allure ?? null,
          availability: pages?.availability ?? null,
        }),
      );
    else if (pages) tellPages(pages);
    left.end({
      code: heardCode(code),
      cases,
      troubles: [...troubles, ...lostOutput().map(({ message }) => message)],
      pages: Object.values(pages ?? {}).map((page) => shownPath(own.published(page))),
    });
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What could not be undone at a run's end may have been since. */
function withoutUndone(result: ScenarioResult, undone: ReadonlyMap<string, Act[]>): ScenarioResult {
  if (result.kind !== 'judged') return result;
  const acts = undone.get(result.dir) ?? [];
  const isLeft = (line: string) => !acts.some((act) => line.startsWith(`${describeAct(act)}: `));
  return { ...result, notUndone: result.notUndone.filter(isLeft) };
}

function codeOfResult(result: ScenarioResult): number {
  if (result.kind === 'refused') return exit.refused;
  if (result.kind === 'skipped') return exit.pass;
  return result.notUndone.length > 0 ? exit.notUndone : exit[result.gate];
}

/** A skipped scenario is no failure; but if all are skipped, nothing was tested. */
const areAllSkipped = (results: ScenarioResult[]) =>
  results.length > 0 && results.every(({ kind }) => kind === 'skipped');

const isGreen = (result: ScenarioResult) => codeOfResult(result) === exit.pass;

/** `ofTests`: where no scenario says more than the tests that ran them. */
function exitCode(results: ScenarioResult[], broken: Trouble[], isComplete: boolean, ofTests: number): number {
  const codes = results.map(codeOfResult);
  codes.push(...broken.map(({ isRefusal }) => (isRefusal ? exit.refused : exit.unknown)));
  if (areAllSkipped(results)) codes.push(exit.unknown);
  // A scenario without a result crashed or was interrupted, and a journey may have done so before it ran one. One that runs none proves nothing.
  if (!isComplete || results.length === 0) codes.push(exit.unknown);
  const worst = worstExit(codes);
  return worst === exit.pass ? ofTests : worst;
}

function withFindings(result: ScenarioResult): object {
  return result.kind === 'judged' ? { ...result, findings: readFindings(runFolder(result.dir)).findings } : result;
}

/** What is not undone, by the journals as they are now, stands in Allure's report by itself. */
function attachPending(results: string, dirs: readonly string[]): void {
  // A run that was refused has removed its folder.
  for (const dir of dirs.filter((dir) => existsSync(dir))) {
    const folder = runFolder(dir);
    const pending = pendingIn(folder) ?? [`not known: ${folder.journal} cannot be read`];
    if (pending.length > 0) attachNotUndone(results, path.basename(dir), pending);
  }
}
