/**
 * Who holds something (a run's journal, a cluster's lock): a process, as the text `<host> <pid> <start> <where>`. Names of hosts are no proof: machines
 * that are copies have the same, containers may have their host's, and each counts its processes for itself.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { statOf } from '../processes/stat.ts';

export function thisOwner(): string {
  return [hostname(), process.pid, startOf(process.pid), whereWeAre()].filter(Boolean).join(' ');
}

export function ownerPid(owner: string): number {
  return Number(owner.split(' ')[1]);
}

/** Nothing is known of a process on another host, of a container that counts its own, or of before this machine's start: `elsewhere`. */
export function ownerState(owner: string): 'alive' | 'gone' | 'elsewhere' {
  const [host, pid, start, where] = owner.split(' ');
  const here = whereWeAre();
  if (host !== hostname() || (where !== undefined && where !== here)) return 'elsewhere';
  const found = stateOf(Number(pid), start);
  // Suites of before did not say where: only one that is found is known.
  return found === 'gone' && where === undefined && here !== undefined ? 'elsewhere' : found;
}

function stateOf(pid: number, start: string | undefined): 'alive' | 'gone' {
  const found = startOf(pid);
  if (found !== undefined) return found !== 'remains' && (start === undefined || start === found) ? 'alive' : 'gone';
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    // It is somebody else's, who may hide what else there is to know of it.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'gone';
  }
}

/**
 * When a process started, in kernel ticks: distinguishes it from a later process with the same PID. Undefined where that is hidden, or there is
 * no such thing; `remains` of a killed process, which may stay a zombie until somebody reaps it.
 */
function startOf(pid: number): string | undefined {
  try {
    const fields = statOf(pid);
    return ['Z', 'X'].includes(fields[0]!) ? 'remains' : fields[19];
  } catch {
    return undefined;
  }
}

/** One start of one machine, and the processes that are counted together there. Undefined where the system does not tell. */
function whereWeAre(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 12);
  } catch {
    return undefined;
  }
}
