/** What is done to runs, and what must hold afterwards. A try is one run, or one undo, that something is done to. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listRuns, type RunFolder, runFolder } from '../../recording/folder.ts';
import { readRecording } from '../../recording/read.ts';
import { readJournal } from '../../run/journal.ts';
import { judgeRun } from '../../run/judge.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { seeded } from '../../units/random.ts';
import { sleep } from '../../units/sleep.ts';
import type { Lie, Manner } from '../files-cluster/platforms/files/lies.ts';
import { type Project, SCENARIO } from './bed.ts';
import type { FailingCall } from './failing-writes.ts';
import type { Life, LifeEnd } from './lives.ts';

type Random = () => number;

export interface Outcome {
  /** What did not hold; nothing when all did. */
  faults: string[];
  /** How many things were to be done to runs. */
  tries: number;
  /** How many of them met a run: one had begun, and had not ended. */
  met: number;
}

/** When something is done: so many ms after the beginning, or at a line of a run's file. */
type Moment = { after: number } | { line: number; of: 'journal' | 'events' };

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const between = (random: Random, least: number, most: number) => Math.round(least + random() * (most - least));

/** The end of an undisturbed run's hold: later than that only recovery is waited for, which takes as long again. */
const HELD = 10_000;
const LIFE = 23_000;
/** Lines of an undisturbed run's files. */
const LINES = { journal: 11, events: 52 };

function randomMoment(random: Random): Moment {
  const way = random();
  if (way < 0.4) return { of: 'journal', line: between(random, 1, LINES.journal) };
  if (way < 0.85) return { of: 'events', line: between(random, 1, LINES.events) };
  return { after: between(random, 0, way < 0.97 ? HELD : LIFE) };
}

const describe = (moment: Moment) =>
  'after' in moment ? `after ${(moment.after / 1000).toFixed(1)} s` : `at line ${moment.line} of ${moment.of}.jsonl`;

/** Resolves at the moment, or when the process ended before. */
async function reached(moment: Moment, project: Project, process: Process): Promise<void> {
  if ('after' in moment) {
    await Promise.race([sleep(moment.after), process.ended]);
    return;
  }
  const file = ({ journal, events }: RunFolder) => (moment.of === 'journal' ? journal : events);
  const lines = (run: RunFolder) =>
    existsSync(file(run)) ? readFileSync(file(run), 'utf8').split('\n').length - 1 : 0;
  while (process.isRunning() && !runsOf(project).some((run) => lines(run) >= moment.line)) await sleep(10);
}

interface Process {
  child: ChildProcess;
  output(): string;
  isRunning(): boolean;
  /** The exit code; null when a signal ended it. */
  ended: Promise<number | null>;
}

export function follow(child: ChildProcess): Process {
  let output = '';
  let isRunning = true;
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      isRunning = false;
      resolve(code);
    });
  });
  return { child, output: () => output, isRunning: () => isRunning, ended };
}

const runsOf = (project: Project) => listRuns(path.join(project.recordings, 'runs'));

/** Signals a process that may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function startLives(project: Project, lives: Life[]): { process: Process; ready: Promise<void>; ends(): LifeEnd[] } {
  const child = project.spawn('tests/torture/lives.ts', []);
  child.stdin!.end(JSON.stringify(lives));
  const running = follow(child);
  const lines = () =>
    running
      .output()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'));
  const ready = (async () => {
    while (running.isRunning() && lines().length === 0) await sleep(10);
  })();
  return {
    process: running,
    ready,
    ends: () =>
      lines()
        .slice(1)
        .map((line) => JSON.parse(line)),
  };
}

function life(project: Project, cluster: number, random: Random, more: Partial<Life> = {}): Life {
  const seed = between(random, 0, 1e6);
  return { scenario: SCENARIO, cluster: project.clusters[cluster]!.file, seed, delay: 0, ...more };
}

/** Runs to their ends, one a cluster. */
export async function runLives(project: Project, each: Partial<Life>[]): Promise<LifeEnd[]> {
  const { process, ends } = startLives(
    project,
    each.map((more, index) => life(project, index, seeded(1), more)),
  );
  const code = await process.ended;
  if (code !== 0) throw new Error(`the process of the runs ended with ${code}: ${tail(process)}`);
  return ends();
}

/** Each run has one call that fails, on its journal or recording. */
export async function failingWrites(project: Project, calls: FailingCall[], random: Random): Promise<Outcome> {
  const lives = calls.map((failing, index) => {
    const early = random() < 0.9 ? { interrupt: 0 } : {};
    return life(project, index, random, { failing, delay: between(random, 0, 2000), ...early });
  });
  const { process, ends } = startLives(project, lives);
  const code = await process.ended;
  const faults: string[] = [];
  const told = ends();
  if (code !== 0 || told.length < lives.length)
    faults.push(`${lives.length - told.length} runs died: ${tail(process)}`);
  for (const end of told) {
    const what = `${JSON.stringify(calls[end.index])}: `;
    faults.push(...lifeFaults(project, end).map((fault) => what + fault));
    const { call } = calls[end.index]!;
    if (end.failed && call.startsWith('events.jsonl') && end.verdict === 'pass' && calls[end.index]!.how !== 'short')
      faults.push(`${what}pass, though an event is missing`);
  }
  faults.push(...(await settle(project)));
  return { faults, tries: calls.length, met: told.filter(({ failed }) => failed).length };
}

/** A run that was not killed says what it left. */
function lifeFaults(project: Project, end: LifeEnd): string[] {
  const left = project.left(end.index);
  // What breaks before a run has begun is the command's to tell.
  if (end.kind === 'crashed' && (end.run !== undefined || left.length > 0)) return [`crashed: ${end.message}`];
  const isTold = (end.notUndone?.length ?? 0) > 0;
  if (left.length > 0 && !isTold) return [`left without a word (${end.message ?? 'no message'}): ${left.join('; ')}`];
  return [];
}

const STRIKES = ['kill', 'kill tree', 'freeze and kill', 'prober killed', 'prober frozen', 'prober limited'] as const;

/** Several runs in one process die at one moment, each at another of its own life. Then undo is disturbed, too. */
export async function killedLives(project: Project, random: Random): Promise<Outcome> {
  const count = project.clusters.length;
  const lives = Array.from({ length: count }, (_, index) =>
    life(project, index, random, { delay: between(random, 0, 6000), interrupt: between(random, 0, 4000) }),
  );
  for (let index = 0; index < count; index += 1) if (random() < 0.3) project.lie(index, [randomLie(random, true)]);
  const { process, ready, ends } = startLives(project, lives);
  await ready;
  const strike = pick(random, STRIKES);
  const moment = randomMoment(random);
  await reached(moment, project, process);
  const what = `${strike} ${describe(moment)}: `;
  const isProbers = strike.startsWith('prober');
  const met = runsOf(project).length - ends().length;
  await strikeLives(project, strike, process, random);
  if (isProbers) {
    // They end by themselves, but for those that hang, as told.
    await Promise.race([process.ended, sleep(LIFE + 10_000)]);
    process.child.kill('SIGKILL');
  }
  const code = await process.ended;
  const faults = isProbers && code === 0 ? ends().flatMap((end) => lifeFaults(project, end)) : [];
  faults.push(...(await project.ended()));
  const struck = await strikeUndo(project, random);
  faults.push(...struck.faults, ...(await settle(project)));
  return { faults: faults.map((fault) => what + fault), tries: count + struck.tries, met: met + struck.met };
}

async function strikeLives(
  project: Project,
  strike: (typeof STRIKES)[number],
  { child }: Process,
  random: Random,
): Promise<void> {
  const probers = project.processes().filter(({ words }) => words.includes('prober/main'));
  const all = (name: NodeJS.Signals) => {
    for (const { pid } of probers) signal(pid, name);
  };
  switch (strike) {
    case 'kill':
      child.kill('SIGKILL');
      return;
    case 'kill tree':
      for (const { pid } of project.processes()) signal(pid, 'SIGKILL');
      return;
    case 'freeze and kill':
      child.kill('SIGSTOP');
      await sleep(between(random, 100, 2000));
      child.kill('SIGKILL');
      return;
    case 'prober killed':
      return all('SIGKILL');
    case 'prober frozen':
      all('SIGSTOP');
      await sleep(between(random, 500, 3000));
      return all('SIGCONT');
    case 'prober limited':
      for (const { pid } of probers) {
        const bytes = between(random, 0, 4000);
        try {
          execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:${bytes}`], { stdio: 'ignore' });
        } catch {
          // It has ended.
        }
      }
  }
}

const VERBS = ['lock.take', 'deploy', 'member.pause', 'node.availability'];
const UNDOS = ['remove', 'lock.release', 'member.unpause', 'node.availability'];
const QUESTIONS = ['inspect', 'members', 'condition', 'answers', 'snapshot', 'watch'];
const MANNERS: Manner[] = ['refuses', 'halves', 'denies', 'breaks'];

/** An undo that lies is one that fails a few times: what pretends to be done cannot be known to be left. */
function randomLie(random: Random, mayHang: boolean): Lie {
  const kind = random();
  if (mayHang && kind < 0.2) return { of: pick(random, [...VERBS, ...UNDOS, ...QUESTIONS]), how: 'hangs', times: 1 };
  if (kind < 0.5) return { of: pick(random, VERBS), how: pick(random, [...MANNERS, 'pretends']), times: 1 };
  if (kind < 0.75) return { of: pick(random, UNDOS), how: pick(random, MANNERS), times: between(random, 1, 3) };
  return { of: pick(random, QUESTIONS), how: pick(random, ['refuses', 'breaks']), times: between(random, 1, 5) };
}

/** Runs on a cluster that does not say what is so. */
export async function lies(project: Project, random: Random): Promise<Outcome> {
  const told = project.clusters.map(() =>
    Array.from({ length: between(random, 1, 2) }, () => randomLie(random, false)),
  );
  for (const [index, each] of told.entries()) project.lie(index, each);
  const lives = told.map((_, index) =>
    life(project, index, random, { delay: between(random, 0, 2000), interrupt: between(random, 0, 3000) }),
  );
  const { process, ends } = startLives(project, lives);
  const code = await process.ended;
  const faults = code === 0 ? [] : [`died: ${tail(process)}`];
  for (const end of ends()) {
    const what = `${JSON.stringify(told[end.index])}: `;
    faults.push(...lifeFaults(project, end).map((fault) => what + fault));
  }
  const met = project.clusters.filter(({ folder }) => wasTold(folder)).length;
  faults.push(...(await settle(project)));
  return { faults, tries: lives.length, met };
}

/** Whether a lie of the cluster was told. */
const wasTold = (folder: string) =>
  (JSON.parse(readFileSync(path.join(folder, 'lies.json'), 'utf8')) as Lie[]).some(({ told }) => told);

/** Two runs at a time on one cluster: one of them is refused, and disturbs nothing. */
export async function contention(project: Project, random: Random): Promise<Outcome> {
  const lives = project.clusters.flatMap((_, index) =>
    [0, 1].map(() => life(project, index, random, { delay: between(random, 0, 400), interrupt: 0 })),
  );
  const { process, ends } = startLives(project, lives);
  const code = await process.ended;
  const faults = code === 0 ? [] : [`died: ${tail(process)}`];
  for (const end of ends()) {
    if (end.kind === 'crashed') faults.push(`crashed: ${end.message}`);
    if ((end.notUndone?.length ?? 0) > 0) faults.push(`not undone: ${end.notUndone}`);
  }
  project.clusters.forEach((_, index) => {
    const judged = ends().filter((end) => Math.floor(end.index / 2) === index && end.kind === 'judged');
    const [one, other] = judged.map(({ run }) => actingTime(project, run!));
    if (one && other && one.from < other.to && other.from < one.to)
      faults.push(`two runs at a time on one cluster: ${judged.map(({ run }) => run)}`);
    faults.push(...project.left(index));
  });
  faults.push(...(await settle(project)));
  return { faults, tries: lives.length, met: ends().filter(({ kind }) => kind === 'judged').length };
}

/** From a run's first act on the workload to the end of its clean-up, ms on the machine's clock. */
function actingTime(project: Project, run: string): { from: number; to: number } {
  const { meta, events } = readRecording(runFolder(path.join(project.recordings, 'runs', run)));
  const origin = Number(BigInt(meta.origin.monotonic) / 1_000_000n);
  const phases = events.filter((event) => event.kind === 'phase');
  const from = phases.find(({ phase }) => phase === 'deploy')!.at;
  return { from: origin + from, to: origin + phases.at(-1)!.at };
}

/** The disk of the recordings is full from a moment on. As root: it is a disk of its own. */
export async function fullDisk(project: Project, random: Random): Promise<Outcome> {
  mkdirSync(project.recordings);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', project.recordings]);
  try {
    const lives = project.clusters.map((_, index) =>
      life(project, index, random, { delay: between(random, 0, 4000), interrupt: 2000 }),
    );
    const { process, ready, ends } = startLives(project, lives);
    await ready;
    const moment = randomMoment(random);
    await reached(moment, project, process);
    const full = path.join(project.recordings, 'full');
    const met = runsOf(project).length - ends().length;
    try {
      writeFileSync(full, Buffer.alloc(2 ** 21));
    } catch {
      // That is what it is for.
    }
    const code = await process.ended;
    rmSync(full, { force: true });
    const faults = code === 0 ? [] : [`died: ${tail(process)}`];
    faults.push(...ends().flatMap((end) => lifeFaults(project, end)), ...(await settle(project)));
    return { faults: faults.map((fault) => `full ${describe(moment)}: ${fault}`), tries: lives.length, met };
  } finally {
    execFileSync('umount', ['--lazy', project.recordings]);
  }
}

/** Undo is killed, or cannot write its journal, or the cluster refuses for a while. */
async function strikeUndo(project: Project, random: Random): Promise<Outcome> {
  const faults: string[] = [];
  let met = 0;
  for (let times = 0; times < 2; times += 1) {
    if (pendingIn(project).length > 0) met += 1;
    const way = random();
    if (way < 0.5) {
      const undo = follow(project.spawn('cli/main.ts', ['undo']));
      await Promise.race([sleep(between(random, 200, 900)), undo.ended]);
      undo.child.kill('SIGKILL');
      await undo.ended;
      continue;
    }
    const call = pick(random, [
      'journal.jsonl write',
      'journal.jsonl sync',
      'journal.jsonl size',
      'journal.jsonl open',
    ]);
    const how = call.endsWith('write') ? pick(random, ['ENOSPC', 'EIO', 'short'] as const) : 'EIO';
    const plan: FailingCall = { call, nth: between(random, 1, 3), how, lasting: random() < 0.5 };
    const { code, output } = await command(project, ['undo'], failingIn(project, plan));
    if (code !== 0 && code !== 4) faults.push(`undo with ${JSON.stringify(plan)} ended with ${code}: ${output}`);
    const left = allLeft(project);
    if (code === 0 && left.length > 0) faults.push(`undo ended with 0, and left ${left.join('; ')}`);
  }
  return { faults, tries: 2, met };
}

function failingIn(project: Project, plan: FailingCall): NodeJS.ProcessEnv {
  const preload = path.join(import.meta.dirname, 'failing-writes.ts');
  return {
    NODE_OPTIONS: `--import=${preload}`,
    FAILING_WRITES: JSON.stringify({ folder: path.join(project.recordings, 'runs'), plan }),
  };
}

const COMMAND_STRIKES = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGINT to the group',
  'twice',
  'three times',
  'kill command',
  'kill runner',
  'kill worker',
  'kill prober',
  'kill tree',
  'freeze',
  'nobody reads',
  'failing write',
] as const;

/** The whole command, on one or two clusters. */
export async function struckCommand(project: Project, random: Random): Promise<Outcome> {
  const strike = pick(random, COMMAND_STRIKES);
  const moment = randomMoment(random);
  const what = `${strike} ${describe(moment)}: `;
  const plan: FailingCall = {
    call: pick(random, [
      'findings.json.new write',
      'report.html.new write',
      'findings.json.new rename',
      'events.jsonl write',
      'journal.jsonl sync',
    ]),
    nth: between(random, 1, 4),
    how: pick(random, ['ENOSPC', 'EIO']),
    lasting: random() < 0.5,
  };
  const clusters = project.clusters.map(({ file }) => file);
  const words = ['run', SCENARIO, '--cluster', ...clusters, '--no-allure'];
  const running = follow(
    project.spawn('cli/main.ts', words, strike === 'failing write' ? failingIn(project, plan) : {}),
  );
  await reached(moment, project, running);
  const met = running.isRunning() ? clusters.length : 0;
  await strikeCommand(project, strike, running, random);
  const code = await running.ended;
  const faults = await project.ended();
  const isKilled = ['kill command', 'kill tree'].includes(strike);
  faults.push(...codeFaults(project, code, isKilled, running));
  if (strike === 'kill tree' || strike === 'twice') {
    const undo = await strikeUndo(project, random);
    faults.push(...undo.faults);
  }
  faults.push(...(await settle(project, isKilled)));
  const tries = clusters.length;
  return {
    faults: faults.map((fault) => what + (strike === 'failing write' ? JSON.stringify(plan) : '') + fault),
    tries,
    met,
  };
}

async function strikeCommand(
  project: Project,
  strike: (typeof COMMAND_STRIKES)[number],
  { child, isRunning }: Process,
  random: Random,
): Promise<void> {
  const process = (word: string) => project.processes().find(({ words }) => words.includes(word))?.pid;
  const kill = (pid: number | undefined) => pid !== undefined && signal(pid, 'SIGKILL');
  switch (strike) {
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
      child.kill(strike);
      return;
    case 'SIGINT to the group':
      signal(-child.pid!, 'SIGINT');
      return;
    case 'twice':
    case 'three times':
      for (let times = strike === 'twice' ? 2 : 3; times > 0 && isRunning(); times -= 1) {
        child.kill('SIGINT');
        await sleep(between(random, 20, 1500));
      }
      return;
    case 'kill command':
      child.kill('SIGKILL');
      return;
    case 'kill runner':
      return void kill(process('@playwright/test/cli.js'));
    case 'kill worker':
      return void kill(process('workerProcessEntry'));
    case 'kill prober':
      return void kill(process('prober/main'));
    case 'kill tree':
      for (const { pid } of project.processes()) kill(pid);
      return;
    case 'freeze': {
      const all = project.processes();
      for (const { pid } of all) signal(pid, 'SIGSTOP');
      await sleep(between(random, 200, 4000));
      for (const { pid } of all) signal(pid, 'SIGCONT');
      child.kill('SIGTERM');
      return;
    }
    case 'nobody reads':
      child.stdout!.destroy();
      child.stderr!.destroy();
      await sleep(between(random, 0, 2000));
      child.kill('SIGTERM');
      return;
    case 'failing write':
      child.kill('SIGTERM');
  }
}

/** Exit codes as the README lists them, and nothing left without a word. */
function codeFaults(project: Project, code: number | null, isKilled: boolean, running: Process): string[] {
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
function pendingIn(project: Project): string[] {
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

const allLeft = (project: Project) => project.clusters.flatMap((_, index) => project.left(index));

/** What must hold in the end, whatever happened: all processes end, and after `undo` nothing is left. */
async function settle(project: Project, mayLeaveTemporary = false): Promise<string[]> {
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

async function command(
  project: Project,
  words: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const running = follow(project.spawn('cli/main.ts', words, env));
  return { code: await running.ended, output: running.output() };
}

const tail = (running: Process) => running.output().slice(-1500);
