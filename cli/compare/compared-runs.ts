/** Recordings that are put side by side, and the page that links to their reports. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ComparedRun } from '../../analysis/comparison/factors.ts';
import { writeWhole } from '../../disk/write-whole.ts';
import { stderr } from '../../output/terminal.ts';
import type { RunFolder } from '../../recording/folder.ts';
import { judgeRun } from '../../run/judge.ts';
import { shownPath } from '../../run/plan.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { Read } from '../recordings.ts';

export type ReadRun = Read<ComparedRun>;

export function requireOneWay(names: readonly string[], last: number | undefined): void {
  if (names.length === 0 || last === undefined) return;
  throw new OperatorError('Runs are given by name and by --last.', { hint: 'Give one of the two.' });
}

/** By id, so that a run that is given twice, or as a copy, counts once. */
export function byId(given: readonly ReadRun[]): Map<string, ReadRun> {
  const runs = new Map<string, ReadRun>();
  for (const each of given) if (!runs.has(each.value.meta.id)) runs.set(each.value.meta.id, each);
  return runs;
}

/** All runs are judged again now, by the same rules, whichever version of the suite recorded them. */
export function readJudged(folder: RunFolder): ComparedRun {
  try {
    return judgeRun(folder);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(`The recording in ${folder.dir} cannot be read: ${(cause as Error).message}`, {
      hint: 'Leave it out of the comparison.',
      cause,
    });
  }
}

/** Links from the page to each run's own report, if it has one. */
function linksFrom(dir: string, runs: Map<string, ReadRun>): Map<string, string> {
  const reports = [...runs].filter(([, { folder }]) => existsSync(folder.report));
  return new Map(
    reports.map(([id, { folder }]) => [
      id,
      path.relative(dir, folder.report).split(path.sep).map(encodeURIComponent).join('/'),
    ]),
  );
}

/** Writes the page where `html` says, and says so. `name`: what it is. */
export function writePage(
  html: string,
  name: string,
  runs: Map<string, ReadRun>,
  render: (links: Map<string, string>) => string,
): void {
  const file = path.resolve(html);
  const text = render(linksFrom(path.dirname(file), runs));
  try {
    writeWhole(file, text);
  } catch (cause) {
    throw new OperatorError(`The page cannot be written: ${(cause as Error).message}`, {
      hint: 'Give a file in a folder that exists: --html compare.html',
      cause,
    });
  }
  stderr.print(`${name}: ${shownPath(file)}`);
}
