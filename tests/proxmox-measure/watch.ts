/**
 * Which QEMU processes run on the lab's Proxmox machines and which disks each holds, seen from outside all machines: in the process table
 * of this computer, which no machine's clock, cable or watchdog can change. And when a guest that was started serves: its port answers.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect } from 'node:net';

/** A QEMU process. Times in ms since 1970: it was first seen at `from`, and was gone at `to`; each may be up to a look earlier. */
export interface Seen {
  pid: number;
  vmid: number;
  machine: string;
  from: number;
  to?: number;
  /** Files that it has open for writing, by device and inode: what the disk is, whatever it is called. */
  disks: Set<string>;
  /** When the port that its guest serves first answered. */
  served?: number;
}

/** Two processes that held one disk in one look. */
export interface Double {
  at: number;
  disk: string;
  holders: { pid: number; vmid: number; machine: string }[];
}

const EVERY = 50;
/** A program may start another in its place; one that is as old as this does so no more. */
const YOUNG = 5_000;
const KNOCK_EVERY = 250;
/** Guests of the voting app by the end of their names: the port that each serves. */
const PORTS: [RegExp, number][] = [
  [/-(vote|result)(-\d+)?$/, 80],
  [/-queue(-\d+)?$/, 6379],
  [/-db(-\d+)?$/, 5432],
];
const SHARED = '/srv/shared/';
/** O_WRONLY or O_RDWR in octal, as the kernel tells it. */
const WRITES = 0o3;

export class GuestWatch {
  readonly seen: Seen[] = [];
  readonly doubles: Double[] = [];
  looks = 0;
  /** The longest time between the beginnings of two looks, ms: what comes and goes within it is not seen. */
  longestGap = 0;
  readonly #running = new Map<number, Seen>();
  /** Processes that are something else, and since when they are known. */
  readonly #others = new Map<number, number>();
  readonly #knocking = new Set<Seen>();
  #last: number | undefined;
  #timer: NodeJS.Timeout;

  constructor() {
    this.look();
    this.#timer = setInterval(() => this.look(), EVERY);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#knocking.clear();
  }

  look(): void {
    const now = performance.timeOrigin + performance.now();
    if (this.#last !== undefined) this.longestGap = Math.max(this.longestGap, now - this.#last);
    this.#last = now;
    this.looks += 1;
    const pids = new Set(readdirSync('/proc').map(Number).filter(Number.isInteger));
    for (const pid of this.#others.keys()) if (!pids.has(pid)) this.#others.delete(pid);
    for (const [pid, one] of this.#running) {
      if (pids.has(pid) && isQemu(pid)) continue;
      one.to = now;
      this.#running.delete(pid);
    }
    for (const pid of pids) if (!this.#running.has(pid)) this.#meet(pid, now);
    const holders = new Map<string, Seen[]>();
    for (const one of this.#running.values()) {
      for (const disk of disksOf(one.pid)) {
        one.disks.add(disk);
        holders.set(disk, [...(holders.get(disk) ?? []), one]);
      }
    }
    for (const [disk, of] of holders) {
      if (of.length < 2) continue;
      this.doubles.push({ at: now, disk, holders: of.map(({ pid, vmid, machine }) => ({ pid, vmid, machine })) });
    }
  }

  #meet(pid: number, now: number): void {
    const since = this.#others.get(pid);
    if (since !== undefined && now - since > YOUNG) return;
    if (!isQemu(pid)) {
      if (since === undefined) this.#others.set(pid, now);
      return;
    }
    const argv = read(`/proc/${pid}/cmdline`).split('\0');
    const machine = /\/brownout-lab\/proxmox\/([\w-]+)/.exec(read(`/proc/${pid}/cgroup`))?.[1];
    const [, vmid] = /\/(\d+)\.pid$/.exec(argv[argv.indexOf('-pidfile') + 1] ?? '') ?? [];
    if (machine === undefined || vmid === undefined) return;
    this.#others.delete(pid);
    const one: Seen = { pid, vmid: Number(vmid), machine, from: now, disks: new Set() };
    this.#running.set(pid, one);
    this.seen.push(one);
    const name = argv[argv.indexOf('-name') + 1] ?? '';
    const port = PORTS.find(([names]) => names.test(name))?.[1];
    if (port === undefined) return;
    this.#knocking.add(one);
    void this.#knock(one, port);
  }

  async #knock(one: Seen, port: number): Promise<void> {
    while (this.#knocking.has(one) && one.to === undefined) {
      if (await answers(`10.79.0.${one.vmid}`, port)) {
        // Two processes have one address while a guest moves: the one that it leaves still answers.
        if (one.to === undefined) one.served = performance.timeOrigin + performance.now();
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, KNOCK_EVERY));
    }
    this.#knocking.delete(one);
  }
}

const isQemu = (pid: number) => read(`/proc/${pid}/comm`).startsWith('qemu-system') && !isZombie(pid);

const isZombie = (pid: number) => /\) [ZX] /.test(read(`/proc/${pid}/stat`));

function disksOf(pid: number): string[] {
  const found: string[] = [];
  for (const fd of list(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      if (!readlinkSync(path).startsWith(SHARED)) continue;
      const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(read(`/proc/${pid}/fdinfo/${fd}`))?.[1] ?? '0', 8);
      if ((flags & WRITES) === 0) continue;
      const { dev, ino } = statSync(path);
      found.push(`${dev}:${ino}`);
    } catch {
      // Closed meanwhile.
    }
  }
  return found;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 900 });
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // The process ended meanwhile.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process ended meanwhile.
  }
}
