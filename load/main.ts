/** The process of a load's own: see `LoadPlan` for what it reads, `LoadMessage` for what it writes. */
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { clockSince } from '../probes/prober/clock.ts';
import { ToParent } from '../processes/to-parent.ts';
import type { EngineRun } from './engine.ts';
import { engineOf } from './engines.ts';
import type { LoadSecond } from './load.ts';
import { type LoadMessage, type LoadPlan, MESSAGES } from './plan.ts';

/** Seconds are not told once so many bytes wait for a suite that does not read; in the file they are. */
const UNREAD_LIMIT = 1024 * 1024;
/** How long after the suite's death this process, and what it started, may live at most, ms. */
const ORPHANED = 3000;

const parent = new ToParent<LoadMessage>(MESSAGES);

process.on('uncaughtException', parent.fail);
process.on('unhandledRejection', parent.fail);

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
    this.#written.catch(parent.fail);
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
      if (parent.unread < UNREAD_LIMIT) parent.tell({ kind: 'second', second });
    },
  });
  parent.tell({ kind: 'ready' });
  end(run, file).catch(parent.fail);
  return run;
}

async function end(run: EngineRun, file: SecondsFile | undefined): Promise<void> {
  const report = await run.ended;
  await file?.close();
  const { user, system } = process.cpuUsage();
  parent.leave({ kind: 'report', report: { cpuMs: (user + system) / 1000, ...report } }, 0);
}

let running: Promise<EngineRun> | undefined;

function stop(): void {
  // Without a plan there is nothing to report, and nobody to report it to.
  if (!running) process.exit(1);
  running.then((run) => run.stop()).catch(parent.fail);
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  if (running) {
    if (text === 'stop') stop();
    return;
  }
  running = start(JSON.parse(text) as LoadPlan);
  running.catch(parent.fail);
});
input.on('close', () => {
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), ORPHANED);
  stop();
});
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
// The suite heals and cleans up then, and ends the load when it should end.
process.on('SIGINT', () => {});
