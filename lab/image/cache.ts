import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../processes/lock.ts';
import type { Progress } from '../progress.ts';

/** How many entries of one kind are kept: the one in use, and those that other branches of the checkout use. */
const KEPT = 3;

/** Where built things live between runs, outside any checkout. */
export function cacheFolder(): string {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'brownout');
  return process.getuid?.() === 0 ? '/var/cache/brownout' : join(homedir(), '.cache', 'brownout');
}

/** A short name for everything that a build depends on: the same inputs, the same key. */
export function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}

/**
 * The folder of a built thing, built now if it is not there.
 *
 * An entry appears under its name by a rename, complete or not at all: a build that dies leaves only a `.part` folder, which
 * the next build of that kind removes. Of two builds at once, one waits and then finds the other's result.
 *
 * @param build fills the folder it is given
 */
export async function cached(
  kind: string,
  inputs: unknown,
  progress: Progress,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const entry = join(cacheFolder(), `${kind}-${keyOf(inputs)}`);
  if (!existsSync(entry)) {
    await withLock(
      lockName(kind),
      `building the ${kind}`,
      async () => {
        if (existsSync(entry)) return;
        await removeParts(kind);
        const part = `${entry}.part`;
        await mkdir(part, { recursive: true });
        await build(part);
        await rename(part, entry);
        await prune(kind);
      },
      (holder) => progress(`waiting for ${holder}`),
    );
  }
  await utimes(entry, new Date(), new Date());
  return entry;
}

/** The lock that a build of this kind holds. */
export function lockName(kind: string): string {
  return `build-${kind}`;
}

/** Removes what dead builds of this kind have left. Call it under the kind's lock. */
async function removeParts(kind: string): Promise<void> {
  for (const name of await entries(kind)) {
    if (name.endsWith('.part')) await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

async function prune(kind: string): Promise<void> {
  const found = await Promise.all(
    (await entries(kind)).map(async (name) => ({ name, used: (await stat(join(cacheFolder(), name))).mtimeMs })),
  );
  found.sort((a, b) => b.used - a.used);
  for (const { name } of found.slice(KEPT)) await rm(join(cacheFolder(), name), { recursive: true, force: true });
}

async function entries(kind: string): Promise<string[]> {
  return (await readdir(cacheFolder()).catch(() => [])).filter((name) => name.startsWith(`${kind}-`));
}
