/** The process of a load's own: see `LoadPlan` for what it reads, `LoadMessage` for what it writes. */
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { clockSince } from '../probes/prober/clock.ts';
import type { OperatorError } from '../units/operator-error.ts';
import type { EngineRun } from './engine.ts';
import { engineOf } from './engines.ts';
import type { LoadSecond } from './load.ts';
import { type LoadMessage, type LoadPlan, MESSAGES } from './plan.ts';

/** Seconds are not told once so many bytes wait for a suite that does not read; in the file they are. */
const UNREAD_LIMIT = 1024 * 1024;
/** How long after the suite's death this process, and what it started, may live at most, ms. */
const ORPHANED = 3000;

// Unlike `process.stdout` it does not block the whole process when it is full.
const output = new Socket({ fd: MESSAGES, readable: false, writable: true });
// The suite is gone: the end of the input says so too, and ends the load.
output.on('error', () => {});

function line(message: LoadMessage): string {
  return `${JSON.stringify(message)}\n`;
}

function leave(message: LoadMessage, code: number): void {
  // Also when the suite is dead and nothing can be written any more.
  output.on('close', () => process.exit(code));
  output.end(line(message), () => process.exit(code));
}

function fail(error: unknown): void {
  const { message, hint, cause } = error as Partial<OperatorError>;
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  leave({ kind: 'error', message: `${message ?? String(error)}${because}`, hint }, 1);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

/** Its lines, one after the other, as fast as the disk takes them. */
class SecondsFile {
  readonly #file: FileHandle;
  #written: Promise<unknown> = Promise.resolve();

  static async open(path: string): Promise<SecondsFile> {
    return new SecondsFile(await open(path, 'a', 0o600));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  add(second: LoadSecond): void {
    this.#written = this.#written.then(() => this.#file.appendFile(`${JSON.stringify(second)}\n`));
    this.#written.catch(fail);
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file.close();
  }
}

async function start({ load, origin, out }: LoadPlan): Promise<EngineRun> {
  const file = out === undefined ? undefined : await SecondsFile.open(out);
  const run = await engineOf(load.engine).start(load, {
    clock: clockSince(origin),
    onSecond: (second) => {
      file?.add(second);
      if (output.writableLength < UNREAD_LIMIT) output.write(line({ kind: 'second', second }));
    },
  });
  output.write(line({ kind: 'ready' }));
  end(run, file).catch(fail);
  return run;
}

async function end(run: EngineRun, file: SecondsFile | undefined): Promise<void> {
  const report = await run.ended;
  await file?.close();
  const { user, system } = process.cpuUsage();
  leave({ kind: 'report', report: { cpuMs: (user + system) / 1000, ...report } }, 0);
}

let running: Promise<EngineRun> | undefined;

function stop(): void {
  // Without a plan there is nothing to report, and nobody to report it to.
  if (!running) process.exit(1);
  running.then((run) => run.stop()).catch(fail);
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  if (running) {
    if (text === 'stop') stop();
    return;
  }
  running = start(JSON.parse(text) as LoadPlan);
  running.catch(fail);
});
input.on('close', () => {
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), ORPHANED);
  stop();
});
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
// The suite heals and cleans up then, and ends the load when it should end.
process.on('SIGINT', () => {});
