/**
 * Calls of `node:fs` that fail as a disk makes them fail: the n-th call of a kind on a file, once or from then on. The code of the suite
 * above them is the real one. In a process of the suite: `--import` of this file, with the plan in FAILING_WRITES.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

type Failing = 'open' | 'write' | 'sync' | 'cut' | 'size' | 'rename' | 'folder';

export interface FailingCall {
  /** The file's name, or `.` for the folder itself, and the kind of call: `journal.jsonl write`, `. sync`. */
  call: string;
  /** 1 is the first. */
  nth: number;
  /** `short`: half of it is written, and success is told. */
  how: 'ENOSPC' | 'EIO' | 'short';
  /** Every later call on any file of the folder fails too: the disk is full, or gone. */
  lasting: boolean;
}

interface Watched {
  folder: string;
  plan: FailingCall | undefined;
  counts: Map<string, number>;
  failed: boolean;
}

const watched: Watched[] = [];
const paths = new Map<number, string>();
let installed = false;
/** What the calls above are made of inside Node is not counted once more. */
let inside = false;

/** Counts the calls on everything in that folder, and lets one fail. Answers with the counts so far, and whether one has failed. */
export function failWrites(folder: string, plan?: FailingCall): Watched {
  install();
  const watching = { folder, plan, counts: new Map<string, number>(), failed: false };
  watched.push(watching);
  return watching;
}

/** What a call must do: go on as it is, write half, or throw. */
function verdictOf(file: string | undefined, kind: Failing): 'ok' | 'short' | NodeJS.ErrnoException {
  const of = file === undefined || inside ? undefined : watched.find(({ folder }) => file.includes(folder));
  if (!of) return 'ok';
  // Beside a file that is written whole stands another one for a moment, of a name that is another one each time.
  const name = path.basename(file!).replace(/\.[0-9a-f]{8}\.new$/, '.new');
  const call = `${file!.endsWith(of.folder) ? '.' : name} ${kind}`;
  const count = (of.counts.get(call) ?? 0) + 1;
  of.counts.set(call, count);
  const { plan } = of;
  if (!plan) return 'ok';
  const isNow = plan.call === call && plan.nth === count;
  if (isNow) {
    of.failed = true;
    if (plan.how === 'short') return 'short';
  } else if (!(of.failed && plan.lasting && FULL.has(kind))) return 'ok';
  return failure(plan.how === 'EIO' ? 'EIO' : 'ENOSPC', kind, file!);
}

/** What a disk that is full does not do any more. What is there can be read, and cut. */
const FULL: ReadonlySet<Failing> = new Set(['open', 'write', 'sync', 'folder']);

function install(): void {
  if (installed) return;
  installed = true;
  const real = { ...fs };
  const unless = <T>(file: string | undefined, kind: Failing, body: (short: boolean) => T): T => {
    const verdict = verdictOf(file, kind);
    if (verdict instanceof Error) throw verdict;
    return body(verdict === 'short');
  };
  const half = (bytes: number) => Math.max(1, Math.floor(bytes / 2));
  Object.assign(fs, {
    openSync: (file: string, flags = 'r', ...more: never[]) => {
      const open = () => real.openSync(file, flags, ...more);
      const fd = /^r$/.test(String(flags)) && !isFolder(file) ? open() : unless(String(file), 'open', open);
      paths.set(fd, String(file));
      return fd;
    },
    closeSync: (fd: number) => {
      paths.delete(fd);
      real.closeSync(fd);
    },
    writeSync: (fd: number, data: Buffer, offset = 0, ...more: never[]) =>
      unless(paths.get(fd), 'write', (short) =>
        short
          ? real.writeSync(fd, data, offset, half(data.length - offset))
          : real.writeSync(fd, data, offset, ...more),
      ),
    fsyncSync: (fd: number) => unless(paths.get(fd), 'sync', () => real.fsyncSync(fd)),
    ftruncateSync: (fd: number, size: number) => unless(paths.get(fd), 'cut', () => real.ftruncateSync(fd, size)),
    fstatSync: (fd: number, ...more: never[]) => unless(paths.get(fd), 'size', () => real.fstatSync(fd, ...more)),
    renameSync: (from: string, to: string) => unless(String(from), 'rename', () => real.renameSync(from, to)),
    mkdirSync: (file: string, ...more: never[]) => unless(String(file), 'folder', () => real.mkdirSync(file, ...more)),
    writeFileSync: (file: string, data: string, ...more: never[]) => atOnce(real.writeFileSync, file, data, more),
    appendFileSync: (file: string, data: string, ...more: never[]) => atOnce(real.appendFileSync, file, data, more),
  });
  syncBuiltinESMExports();

  /** Opens, writes and closes in one call. A short write is told by the next one, which fails. */
  function atOnce(write: (...all: never[]) => void, file: string, data: string, more: never[]): void {
    unless(String(file), 'write', (short) => {
      inside = true;
      try {
        write(...([file, short ? data.slice(0, half(data.length)) : data, ...more] as never[]));
      } finally {
        inside = false;
      }
      if (short) throw failure('ENOSPC', 'write', file);
    });
  }

  function isFolder(file: string): boolean {
    return real.existsSync(file) && real.statSync(file).isDirectory();
  }
}

function failure(code: 'ENOSPC' | 'EIO', kind: Failing, file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${kind} '${file}'`), { code, syscall: kind, path: file });
}

if (process.env.FAILING_WRITES) {
  const { folder, plan } = JSON.parse(process.env.FAILING_WRITES) as { folder: string; plan: FailingCall };
  failWrites(folder, plan);
}
