/** Numbers of the machine: they are the host's, which all machines of the lab share. */
import { statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';

export interface Space {
  /** Bytes. */
  total: number;
  used: number;
  avail: number;
}

export interface Figures {
  /** Share of all processors that is in use. */
  cpu: number;
  maxcpu: number;
  /** Bytes. */
  mem: number;
  maxmem: number;
  disk: number;
  maxdisk: number;
  /** Seconds. */
  uptime: number;
}

const started = performance.now();

export async function space(folder: string): Promise<Space> {
  const { blocks, bsize, bfree, bavail } = await statfs(folder);
  return { total: blocks * bsize, used: (blocks - bfree) * bsize, avail: bavail * bsize };
}

let last = { busy: 0, all: 0 };

/** Since it was asked last. */
function share(): number {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  const busy = all - times.reduce((sum, { idle }) => sum + idle, 0);
  const used = all > last.all ? (busy - last.busy) / (all - last.all) : 0;
  last = { busy, all };
  return used;
}

export async function figures(): Promise<Figures> {
  const root = await space('/');
  return {
    cpu: share(),
    maxcpu: cpus().length,
    mem: totalmem() - freemem(),
    maxmem: totalmem(),
    disk: root.used,
    maxdisk: root.total,
    // The machine's, which is as old as its agent; the host's own would be that of another.
    uptime: Math.floor((performance.now() - started) / 1000),
  };
}

/** As `GET /nodes/{node}/status` shows it. */
export async function nodeStatus(remarks: readonly string[]): Promise<Record<string, unknown>> {
  const { cpu, maxcpu, mem, maxmem, uptime: seconds } = await figures();
  const root = await space('/');
  const [first] = cpus();
  const kernel = { sysname: 'Linux', release: '6', machine: 'x86_64', version: '#1 SMP PREEMPT_DYNAMIC' };
  return {
    'boot-info': { mode: 'legacy-bios' },
    cpu,
    cpuinfo: {
      cores: maxcpu,
      cpus: maxcpu,
      family: '6',
      flags: '',
      hvm: '',
      mhz: String(first?.speed ?? 0),
      model: first?.model ?? '',
      sockets: 1,
      user_hz: 100,
      vendor: '',
    },
    'current-kernel': kernel,
    idle: 0,
    ksm: { shared: 0 },
    kversion: `${kernel.sysname} ${kernel.release} ${kernel.version}`,
    loadavg: loadavg().map((load) => load.toFixed(2)),
    memory: { total: maxmem, used: mem, free: maxmem - mem, available: freemem() },
    pveversion: [`pve-manager/${VERSION.version}/${VERSION.repoid}`, ...remarks].join(', '),
    rootfs: { total: root.total, used: root.used, avail: root.avail, free: root.total - root.used },
    swap: { total: 0, used: 0, free: 0 },
    uptime: Math.min(seconds, Math.floor(uptime())),
    wait: 0,
  };
}

/** The Proxmox VE whose answers the lab gives. */
export const VERSION = { version: '9.2.11', release: '9.2', repoid: 'brownout' };
