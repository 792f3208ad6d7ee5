/** The toy's members are processes, told by the folder that stands at the end of their command line. Linux only: /proc. */
import { readdir, readFile } from 'node:fs/promises';
import { sep } from 'node:path';

export interface Process {
  pid: number;
  /** The folder of the member that it is, or that it keeps alive. */
  slot: string;
  /** It starts the member anew whenever that ends. */
  keeper: boolean;
  frozen: boolean;
}

/** A member is started again so long after its end, ms. */
export const RESTART_DELAY = 1000;
const KEEPER = `while :; do "$@"; sleep ${RESTART_DELAY / 1000}; done`;

/** The words of a keeper: a shell that runs the command with the slot as its last word. */
export function keeperOf(slot: string, command: string[]): string[] {
  return ['-c', KEEPER, 'toy-keeper', ...command, slot];
}

/** Every process of a slot in this folder. */
export async function processesIn(folder: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => read(Number(pid), folder)));
  return found.filter((process) => process !== undefined);
}

async function read(pid: number, folder: string): Promise<Process | undefined> {
  try {
    const [words, stat] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const all = words.split('\0').slice(0, -1);
    const slot = all.at(-1);
    if (!slot?.startsWith(folder + sep)) return undefined;
    const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
    return { pid, slot, keeper: all.includes('toy-keeper'), frozen: state === 'T' };
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

/** One that is gone already is none to complain of. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
