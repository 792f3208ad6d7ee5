/** What is done to runs, several in one process. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seeded } from '../../units/random.ts';
import { sleep } from '../../units/sleep.ts';
import { actingTime, lifeFaults, runsOf, settle, tail } from './after.ts';
import { type Project, SCENARIO } from './bed.ts';
import { between, pick, type Random } from './chance.ts';
import type { FailingCall } from './failing-writes.ts';
import { randomLie } from './lie.ts';
import type { Life, LifeEnd } from './lives.ts';
import { describe, LIFE, randomMoment, reached } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { follow, type Process } from './process.ts';
import { signal } from './signal.ts';
import { strikeUndo } from './undo.ts';

export function startLives(
  project: Project,
  lives: Life[],
): { process: Process; ready: Promise<void>; ends(): LifeEnd[] } {
  const child = project.spawn('tests/torture/lives.ts', []);
  child.stdin!.write(`${JSON.stringify(lives)}\n`);
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

export function life(project: Project, cluster: number, random: Random, more: Partial<Life> = {}): Life {
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
  }
  faults.push(...(await settle(project)));
  return { faults, tries: calls.length, met: told.filter(({ failed }) => failed).length };
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
        const bytes = between(random, 0, 2000);
        try {
          execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:${bytes}`], { stdio: 'ignore' });
        } catch {
          // It has ended.
        }
      }
  }
}

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
