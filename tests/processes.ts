/** Processes of a run that a test started: found below it, and only there. */
import { execaSync } from 'execa';

/** The process and everything below it, parents first, with their command lines. */
export function tree(root: number): { pid: number; command: string }[] {
  const lines = execaSync('ps', ['-eo', 'pid=,ppid=,args=']).stdout.trim().split('\n');
  const all = lines.map((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(parent), command: command! };
  });
  const found = all.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found.map(({ pid, command }) => ({ pid, command }));
}

/** SIGKILL to the process and everything below it, whatever process group it is in. */
export function killTree(root: number): void {
  for (const { pid } of tree(root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}
