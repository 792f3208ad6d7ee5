/** The processes of guests on this machine, as its process table has them: nothing is believed that was noted down. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { statOf } from '../../../processes/stat.ts';

/** Where sockets and process ids of guests are, as on a node of Proxmox VE. Gone with the machine's power. */
export const RUN = '/run/qemu-server';

export const pidFile = (vmid: number) => join(RUN, `${vmid}.pid`);
export const monitorSocket = (vmid: number) => join(RUN, `${vmid}.qmp`);
export const agentSocket = (vmid: number) => join(RUN, `${vmid}.qga`);
/** What the guest writes to its first serial port, of this start. */
export const serialFile = (vmid: number) => join(RUN, `${vmid}.serial`);

/** Process ids by VMID. */
export function guestProcesses(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const argv = read(`/proc/${name}/cmdline`).split('\0');
    if (!argv[0]?.endsWith('qemu-system-x86_64')) continue;
    const [, vmid] = /\/(\d+)\.pid$/.exec(argv[argv.indexOf('-pidfile') + 1] ?? '') ?? [];
    if (vmid !== undefined && isDetached(Number(name))) found.set(Number(vmid), Number(name));
  }
  return found;
}

/** The argument that follows `option` on a process's command line. */
export function argumentOf(pid: number, option: string): string | undefined {
  const argv = read(`/proc/${pid}/cmdline`).split('\0');
  const at = argv.indexOf(option);
  return at < 0 ? undefined : argv[at + 1];
}

/** Seconds since the process was started. */
export function uptimeOf(pid: number): number {
  const started = fieldsOf(pid)?.[19];
  // The kernel counts hundredths, in the unit of its userspace interface.
  return started === undefined ? 0 : Math.max(0, Number(read('/proc/uptime').split(' ')[0]) - Number(started) / 100);
}

/** Bytes of memory that the process has. */
export function residentMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/**
 * Whether this is the process that stays. QEMU detaches by two forks, with a session between them: the process that was started waits, in its starter's session,
 * until the last one is ready, and the one between leads the new session for a moment.
 */
function isDetached(pid: number): boolean {
  const [state, parent, , session] = fieldsOf(pid) ?? ['Z'];
  if (state === 'Z' || state === 'X') return false;
  return Number(session) !== pid && session !== fieldsOf(Number(parent))?.[3];
}

function fieldsOf(pid: number): string[] | undefined {
  try {
    return statOf(pid);
  } catch {
    return undefined; // The process ended meanwhile.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process ended meanwhile.
  }
}
