/** What a torture that was killed leaves on this machine, and how it is taken away: everything of it lies below one folder. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../units/until.ts';
import { signal } from './signal.ts';

/** Processes that were started in the folder or below it. */
export function processesIn(folder: string): { pid: number; words: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!isIn(folder, readlinkSync(`/proc/${pid}/cwd`))) return [];
        return [{ pid: Number(pid), words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
      } catch {
        // It has ended.
        return [];
      }
    });
}

export function mountsIn(folder: string): string[] {
  const places = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return places.filter((place) => isIn(folder, place));
}

function isIn(folder: string, place: string): boolean {
  return place === folder || place.startsWith(folder + path.sep);
}

/** Ends every process in the folder, whatever it is doing, then removes the folder with what is mounted there. */
export async function sweep(folder: string): Promise<void> {
  // One that is about to start another is seen again.
  await until(
    `nothing runs in ${folder}`,
    () => {
      const left = processesIn(folder);
      for (const { pid } of left) signal(pid, 'SIGKILL');
      return left.length === 0;
    },
    { timeout: 30_000, every: 100 },
  );
  for (const place of mountsIn(folder).reverse()) execFileSync('umount', ['--lazy', place]);
  rmSync(folder, { recursive: true, force: true });
}
