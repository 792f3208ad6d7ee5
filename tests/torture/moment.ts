/** When something is done to a run. */

import { existsSync, readFileSync } from 'node:fs';
import type { RunFolder } from '../../recording/folder.ts';
import { sleep } from '../../units/sleep.ts';
import { runsOf } from './after.ts';
import type { Project } from './bed.ts';
import { between, type Random } from './chance.ts';
import type { Process } from './process.ts';

/** When something is done: so many ms after the beginning, or at a line of a run's file. */
type Moment = { after: number } | { line: number; of: 'journal' | 'events' };

/** The end of an undisturbed run's hold: later than that only recovery is waited for, which takes as long again. */
const HELD = 10_000;

export const LIFE = 23_000;

/** Lines of an undisturbed run's files. */
const LINES = { journal: 11, events: 52 };

export function randomMoment(random: Random): Moment {
  const way = random();
  if (way < 0.4) return { of: 'journal', line: between(random, 1, LINES.journal) };
  if (way < 0.85) return { of: 'events', line: between(random, 1, LINES.events) };
  return { after: between(random, 0, way < 0.97 ? HELD : LIFE) };
}

export const describe = (moment: Moment) =>
  'after' in moment ? `after ${(moment.after / 1000).toFixed(1)} s` : `at line ${moment.line} of ${moment.of}.jsonl`;

/** Resolves at the moment, or when the process ended before. */
export async function reached(moment: Moment, project: Project, process: Process): Promise<void> {
  if ('after' in moment) {
    await Promise.race([sleep(moment.after), process.ended]);
    return;
  }
  const file = ({ journal, events }: RunFolder) => (moment.of === 'journal' ? journal : events);
  const lines = (run: RunFolder) =>
    existsSync(file(run)) ? readFileSync(file(run), 'utf8').split('\n').length - 1 : 0;
  while (process.isRunning() && !runsOf(project).some((run) => lines(run) >= moment.line)) await sleep(10);
}
