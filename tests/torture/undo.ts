/** Undo that is killed itself, or cannot write. */

import path from 'node:path';
import { sleep } from '../../units/sleep.ts';
import { allLeft, pendingIn } from './after.ts';
import type { Project } from './bed.ts';
import { between, pick, type Random } from './chance.ts';
import type { FailingCall } from './failing-writes.ts';
import type { Outcome } from './outcome.ts';
import { command, follow } from './process.ts';

/** Undo is killed, or cannot write its journal, or the cluster refuses for a while. */
export async function strikeUndo(project: Project, random: Random): Promise<Outcome> {
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
    // One that hangs is for those that are killed.
    project.endLies();
    const plan: FailingCall = { call, nth: between(random, 1, 3), how, lasting: random() < 0.5 };
    const { code, output } = await command(project, ['undo'], failingIn(project, plan));
    if (code !== 0 && code !== 4) faults.push(`undo with ${JSON.stringify(plan)} ended with ${code}: ${output}`);
    const left = allLeft(project);
    if (code === 0 && left.length > 0) faults.push(`undo ended with 0, and left ${left.join('; ')}`);
  }
  return { faults, tries: 2, met };
}

export function failingIn(project: Project, plan: FailingCall): NodeJS.ProcessEnv {
  const preload = path.join(import.meta.dirname, 'failing-writes.ts');
  return {
    NODE_OPTIONS: `--import=${preload}`,
    FAILING_WRITES: JSON.stringify({ folder: path.join(project.recordings, 'runs'), plan }),
  };
}
