import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../platforms/cluster.ts';
import type { RunFolder } from '../recording/folder.ts';
import { OperatorError } from '../units/operator-error.ts';
import { isWrittenHere, type JournalHeader } from './journal/journal.ts';

/** Where a journal's undo is carried out: on which cluster, and from which folder power commands are meant. */
export interface Place {
  cluster: Cluster;
  project: string;
}

/**
 * The cluster of a journal. A header says how a cluster is reached, what may be touched there and by which commands its nodes are
 * switched: it is believed only where this machine and project wrote it. Else all of that comes from a cluster file that was given.
 *
 * A project folder may have moved since: then it is the one that the run's folder lies in, and paths of the cluster that led into the
 * old one are meant there.
 *
 * @throws {OperatorError} when the journal is from elsewhere and no cluster file was given, or one of another platform
 */
export function locate(header: JournalHeader, folder: RunFolder, given: Cluster | undefined): Place {
  if (given) return { cluster: samePlatform(header, given), project: process.cwd() };
  const { cluster, project } = header;
  const now = projectOf(folder);
  if (!isFromHere(header, folder)) {
    throw new OperatorError(`${folder.journal} was not written by this user's brownout on this machine, in ${now}`, {
      hint: `who knows its cluster says so: brownout undo ${header.run} --cluster FILE; then nothing but the acts is taken from it`,
    });
  }
  return isSameFolder(project, now) ? { cluster, project } : { cluster: moved(cluster, project, now), project: now };
}

/** `<project>/.brownout/runs/<run>` */
const projectOf = ({ dir }: RunFolder) => path.resolve(dir, '..', '..', '..');

/** Written on this machine by this user, and for this project, which may have moved. */
function isFromHere(header: JournalHeader, folder: RunFolder): boolean {
  if (!isWrittenHere(header)) return false;
  return !existsSync(header.project) || isSameFolder(header.project, projectOf(folder));
}

const isSameFolder = (a: string, b: string) => existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b);

function samePlatform({ run, cluster }: JournalHeader, given: Cluster): Cluster {
  if (given.platform === cluster.platform) return given;
  throw new OperatorError(
    `run ${run} was on a cluster of platform ${cluster.platform}, and ${given.file} is ${given.platform}`,
    {
      hint: 'give the cluster file of its cluster',
    },
  );
}

/**
 * A cluster file that was given for all that is left, not for one run, is that of this journal's cluster: on another one nothing would
 * be found, and that would pass for undone.
 */
export function isAbout(header: JournalHeader, folder: RunFolder, given: Cluster): boolean {
  const { cluster, project } = header;
  if (given.platform !== cluster.platform) return false;
  const isSameFile = path.relative(project, cluster.file ?? '') === path.relative(process.cwd(), given.file);
  const isSameReach = isDeepStrictEqual(reachOf(moved(cluster, project, projectOf(folder))), reachOf(given));
  // A name says less; of a journal from elsewhere it may be all that can be compared. Older ones call a cluster by its file's base name.
  const isSameName = [given.name, path.parse(given.file).name].includes(cluster.name);
  return isSameFile || isSameReach || (isSameName && !isFromHere(header, folder));
}

const reachOf = (cluster: Cluster) => JSON.parse(JSON.stringify((cluster as { reach?: unknown }).reach ?? null));

function moved<T>(value: T, from: string, to: string): T {
  if (typeof value === 'string') return movedText(value, from, to) as T;
  if (Array.isArray(value)) return value.map((each) => moved(each, from, to)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, moved(each, from, to)])) as T;
}

/** A path in the old folder, or a reference to a file there. */
function movedText(text: string, from: string, to: string): string {
  const [, reference, file] = /^(file:)?(.*)$/s.exec(text)!;
  return file === from || file!.startsWith(from + path.sep)
    ? `${reference ?? ''}${to}${file!.slice(from.length)}`
    : text;
}
