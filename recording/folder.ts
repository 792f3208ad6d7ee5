import { chmodSync, existsSync, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';

/** How a whole id of a run looks; see `newRunId`. */
export const RUN_ID = /^\d{8}-\d{6}-[a-z0-9]{4}$/;

/** No run of this project has that name. */
export class NoSuchRun extends OperatorError {}

/** Where the runs are stored cannot be looked into: there may be any. */
export class UnreadableRuns extends OperatorError {}

/** The files of a recording. */
export interface RunFolder {
  dir: string;
  meta: string;
  events: string;
  samples: string;
  load: string;
  /** A folder for each further vantage, with the samples from there and the looks at its clock. */
  vantages: string;
  journal: string;
  /** Snapshot of the cluster before the run. */
  before: string;
  findings: string;
  report: string;
}

/** Where runs are stored: `.brownout/runs` of the project, which is the current folder. */
export function runsDir(project = process.cwd()): string {
  return path.join(project, '.brownout', 'runs');
}

export function runFolder(dir: string): RunFolder {
  return {
    dir,
    meta: path.join(dir, 'run.json'),
    events: path.join(dir, 'events.jsonl'),
    samples: path.join(dir, 'samples.bin'),
    load: path.join(dir, 'load.jsonl'),
    vantages: path.join(dir, 'vantages'),
    journal: path.join(dir, 'journal.jsonl'),
    before: path.join(dir, 'before.json'),
    findings: path.join(dir, 'findings.json'),
    report: path.join(dir, 'report.html'),
  };
}

/** The files of a further vantage, in the folder of all of them. */
export function vantageFiles(vantages: string, name: string): { samples: string; clock: string } {
  return { samples: path.join(vantages, name, 'samples.bin'), clock: path.join(vantages, name, 'clock.jsonl') };
}

/** What others have written there, such as Allure, is for its owner alone: 0600, folders 0700. A path that is not there is passed over. */
export function keepToOwner(root: string): void {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (!stat || stat.isSymbolicLink()) return;
  chmodSync(root, stat.isDirectory() ? 0o700 : 0o600);
  if (stat.isDirectory()) for (const name of readdirSync(root)) keepToOwner(path.join(root, name));
}

/**
 * All recordings of the project, oldest first: ids begin with their date.
 *
 * @throws {UnreadableRuns} when there may be some that cannot be seen
 */
export function listRuns(runs = runsDir()): RunFolder[] {
  return namesIn(runs)
    .filter((name) => isFolder(path.join(runs, name)))
    .sort()
    .map((name) => runFolder(path.join(runs, name)));
}

/** A whole name means that run, even where another, a copy perhaps, ends in it. */
function namedBy(name: string, all: RunFolder[]): RunFolder[] {
  const whole = all.filter((run) => path.basename(run.dir) === name);
  return whole.length > 0 ? whole : all.filter((run) => path.basename(run.dir).endsWith(name));
}

function namesIn(runs: string): string[] {
  try {
    return readdirSync(runs);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const isFile = code === 'ENOTDIR';
    if (NOTHING.has(code) && !isFile) return [];
    const why = isFile ? 'it, or what it lies in, is no folder' : messageOf(cause);
    throw new UnreadableRuns(`${runs} cannot be looked into: ${why}`, {
      hint: isFile
        ? 'find out what was put there: recordings are stored nowhere else'
        : 'give this account the right to it: until then nobody knows what runs have left',
      cause,
    });
  }
}

/** What the system says of a name behind which there is nothing: no such file, a link to nowhere, a loop of links. */
const NOTHING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

const isFolder = (file: string) => mayBe(file, (stat) => stat.isDirectory());

/** Also what may not be looked at. */
export const isThere = (file: string) => mayBe(file, () => true);

/** What may not be looked at may be anything. */
function mayBe(file: string, is: (stat: Stats) => boolean): boolean {
  try {
    return is(statSync(file));
  } catch (error) {
    return !NOTHING.has((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** Finds a recording by its folder, its id or a unique suffix of its id; without a name, the newest. */
export function findRun(name: string | undefined, runs = runsDir()): RunFolder {
  // `"$RUN"` of a variable that is not set: whatever it should have meant, it was not any run that there is.
  if (name === '')
    throw new OperatorError('A run with an empty name was asked for.', { hint: 'Give its id, or the end of it.' });
  const given = name === undefined ? undefined : runFolder(path.resolve(name));
  // One of them may be lost.
  if (given && [given.journal, given.meta].some(isThere)) return given;
  const all = listRuns(runs);
  const found = name === undefined ? all.slice(-1) : namedBy(name, all);
  if (found.length === 1) return found[0]!;
  const what =
    name === undefined
      ? 'There is no run'
      : found.length > 1
        ? `'${name}' fits several runs`
        : `There is no run '${name}'`;
  const isPlace = name !== undefined && existsSync(name);
  const Kind = found.length === 0 ? NoSuchRun : OperatorError;
  throw new Kind(`${what} in ${runs}.`, {
    hint: isPlace
      ? `${name} is there, but is no folder of a run: that has a run.json.`
      : 'See `brownout runs` for what there is.',
  });
}
