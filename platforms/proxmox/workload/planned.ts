/** What a manifest tells before it is deployed: which services HA will look after, and what it asks for beyond the usual. */
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { isMade } from '../../../disk/made-folder.ts';
import type { Ask, AskContext } from '../../asks.ts';
import type { Timer } from '../../platform.ts';
import { readManifest } from './manifest.ts';

export function plannedTimers(manifest: string, timers: readonly Timer[]): Timer[] {
  const { guests } = readManifest(manifest);
  const without = Object.values(guests).filter(({ ha }) => ha === undefined);
  return [
    ...timers.filter(({ name }) => !name.startsWith('ha.none.')),
    ...without
      .flatMap(({ parts }) => Object.keys(parts))
      .map((service): Timer => ({ name: `ha.none.${service}`, ms: 0, source: 'read' })),
  ];
}

/** A guest is a machine of its own: what it can ask for of others is files of the operator's. */
export function asksOf(manifest: string, { folder }: AskContext): Ask[] {
  return Object.entries(readManifest(manifest).guests).flatMap(([kind, { files }]): Ask[] =>
    files === undefined || isOwn(files.from, folder)
      ? []
      : [{ object: `guest ${kind}`, what: `files from ${files.from}`, word: 'operator-files' }],
  );
}

/** In the workload's folder, or put together by it; through links, wherever they lead. */
function isOwn(path: string, folder: string): boolean {
  try {
    const [real, own] = [realpathSync(path), realpathSync(folder)];
    return real === own || real.startsWith(`${own}${sep}`) || isMade(real);
  } catch {
    return false;
  }
}
