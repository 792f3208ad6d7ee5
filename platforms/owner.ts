/** Who holds something (a run's journal, a cluster's lock): a process, as the text `<host> <pid> <start>`. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export function thisOwner(): string {
  return `${hostname()} ${process.pid} ${startOf(process.pid) ?? ''}`.trim();
}

export function ownerPid(owner: string): number {
  return Number(owner.split(' ')[1]);
}

/** Nothing is known of a process on another host: `elsewhere`. */
export function ownerState(owner: string): 'alive' | 'gone' | 'elsewhere' {
  const [host, pid, start] = owner.split(' ');
  if (host !== hostname()) return 'elsewhere';
  const found = startOf(Number(pid));
  return found !== undefined && (start === undefined || start === found) ? 'alive' : 'gone';
}

/**
 * When the lock holder's process started, in kernel ticks: distinguishes it from a later process with the same PID. Undefined when there is
 * none, or only its remains: a killed process may stay a zombie until somebody reaps it.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ['Z', 'X'].includes(fields[0]!) ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
