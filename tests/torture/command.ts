/** The whole command, with its runner and its workers. */
import { sleep } from '../../units/sleep.ts';
import { codeFaults, settle } from './after.ts';
import { type Project, SCENARIO } from './bed.ts';
import { between, pick, type Random } from './chance.ts';
import type { FailingCall } from './failing-writes.ts';
import { describe, randomMoment, reached } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { follow, type Process } from './process.ts';
import { signal } from './signal.ts';
import { failingIn, strikeUndo } from './undo.ts';

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
