import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Cluster } from '../platforms/cluster.ts';
import type { RunFolder } from '../recording/folder.ts';
import type { JournalHeader } from './journal.ts';

/**
 * The project of a journal and its cluster, where they are now. A project folder may have moved since (CI restores `.brownout/` in
 * another workspace): then it is the one that the run's folder lies in, and paths of the cluster that led into the old one are meant
 * there.
 */
export function locate({ cluster, project }: JournalHeader, { dir }: RunFolder): { cluster: Cluster; project: string } {
  if (existsSync(project)) return { cluster, project };
  // <project>/.brownout/runs/<run>
  const now = path.resolve(dir, '..', '..', '..');
  return { cluster: moved(cluster, project, now), project: now };
}

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
