import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { clockSince } from '../probes/prober/clock.ts';
import { messageIn } from '../processes/json-line.ts';
import { OperatorError } from '../units/operator-error.ts';
import { within } from '../units/within.ts';
import { engineOf } from './engines.ts';
import type { Load, LoadReport, LoadSecond } from './load.ts';
import { type LoadMessage, type LoadPlan, MESSAGES } from './plan.ts';
import { sumOf } from './totals.ts';

/** How much longer than its timeout a load may take to stop, ms, before its processes are killed. */
const STOP_GRACE = 10_000;
const STDERR_TAIL = 2000;

/** A load in processes of its own, which end when this one does, whatever ends it. */
export interface RunningLoad {
  pid: number;
  /** What sends it, with its version. */
  engine: string;
  /** Settles once it has ended, by itself or stopped. Never rejects: an engine that broke has the outcome `failed`. */
  report: Promise<LoadReport>;
  /** No further request; waits for those under way, at most their timeout. The same as `report` when it has ended already. */
  stop(): Promise<LoadReport>;
  /** At once, with all that it started: it has failed then. */
  kill(): void;
}

/**
 * Starts a load, and resolves once it is sent. `out`: its seconds are appended there, a line each. Rejects with OperatorError where its
 * engine is not there or cannot send it; nothing was sent then.
 */
export async function startLoad(
  load: Load,
  { origin, out, onSecond }: { origin: string; out?: string; onSecond?: (second: LoadSecond) => void },
): Promise<RunningLoad> {
  const engine = await engineOf(load.engine).check(load);
  const clock = clockSince(origin);
  const began = clock.now();
  const child = spawnLoad();
  const ready = Promise.withResolvers<void>();
  const report = Promise.withResolvers<LoadReport>();
  const seconds: LoadSecond[] = [];
  let told: LoadReport | undefined;
  let failure: OperatorError | undefined;
  let isReady = false;
  let stderr = '';

  const lines = createInterface({ input: child.stdio[MESSAGES] as Readable });
  lines.on('line', (text) => {
    const message = messageIn<LoadMessage>(text);
    if (!message) return;
    if (message.kind === 'ready') {
      isReady = true;
      ready.resolve();
    } else if (message.kind === 'second') {
      seconds.push(message.second);
      onSecond?.(message.second);
    } else if (message.kind === 'report') told = { engine, ...message.report };
    else failure = new OperatorError(message.message, { hint: message.hint });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.on('error', (cause) => {
    failure ??= new OperatorError("the load's process could not be started", { cause });
    ready.reject(failure);
  });
  // A process that died leaves its input closed; its end is told by 'close'.
  child.stdin.on('error', () => {});
  // What it started and has left.
  child.on('exit', () => killGroup(child.pid));
  child.on('close', (code, signal) => {
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    failure ??= new OperatorError(`the load's process ${how} without a report${stderr ? `: ${stderr.trim()}` : ''}`);
    if (!isReady) return ready.reject(failure);
    const failed = { failed: failure.message };
    report.resolve(told ?? { engine, began, ended: clock.now(), totals: sumOf(seconds), outcome: failed });
  });
  const plan: LoadPlan = { load, origin, ...(out === undefined ? {} : { out }) };
  child.stdin.write(`${JSON.stringify(plan)}\n`);

  const kill = () => killGroup(child.pid);
  await within(READY_WITHIN, 'the start of the load', ready.promise).catch((error) => {
    kill();
    throw error;
  });
  return {
    pid: child.pid!,
    engine,
    report: report.promise,
    stop: async () => {
      child.stdin.write('stop\n');
      const late = setTimeout(kill, load.timeout + STOP_GRACE);
      try {
        return await report.promise;
      } finally {
        clearTimeout(late);
      }
    },
    kill,
  };
}

/** An engine that has not begun by then never will, ms: a script is read and its users are made in seconds. */
const READY_WITHIN = 120_000;

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is there any more.
  }
}

/** The process of a load's own, its plan not yet given. */
function spawnLoad() {
  // Compiled, this file and the script both end in .js.
  const script = new URL(`./main${extname(import.meta.url)}`, import.meta.url);
  // Flags that the suite runs under (inspectors, loaders) would slow the engine or open its ports a second time.
  const { NODE_OPTIONS: _, ...env } = process.env;
  // A group of its own: a terminal's Ctrl-C does not reach it, and what an engine starts is ended with it.
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(script)], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable, null, Readable>;
}
