import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { JournalHeader } from './journal.ts';

/** When a process of this host began, in its own ticks: tells a living run from another process with its number. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** `true` when the run's process lives on this host; a run of another host cannot be told and counts as ended. */
export function isAlive(owner: JournalHeader['owner']): boolean {
  return owner.host === os.hostname() && owner.started !== undefined && processStart(owner.pid) === owner.started;
}
