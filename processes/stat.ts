import { readFileSync } from 'node:fs';

/**
 * What the kernel tells of a process in /proc/PID/stat, from its state on (field 3 in proc_pid_stat(5)): the name before that may have spaces and
 * brackets in it. Throws where that is hidden, or there is no such process.
 */
export function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
