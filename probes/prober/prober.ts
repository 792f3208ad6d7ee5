import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { messageIn } from '../../processes/json-line.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { within } from '../../units/within.ts';
import { MESSAGES, type ProberMessage, type ProberPlan, type ProberReport, type ProberTick } from './plan.ts';
import { removeStaleGroups } from './priority.ts';

/** How much longer than the longest timeout a stop may take, ms, before the process is killed. */
const STOP_GRACE = 10_000;
const STDERR_TAIL = 2000;

/** A prober at work in a process of its own. */
export interface Prober {
  pid: number;
  /** The schedules begin here, ms since the origin. */
  t0: number;
  /** Settles when the process has ended; rejects with OperatorError when it ended without a report. */
  report: Promise<ProberReport>;
  /** No more probes; waits for those in flight, at most their timeouts. The same as `report` when it has ended already. */
  stop(): Promise<ProberReport>;
}

/** Starts the prober process and resolves once its schedule is set. Rejects with OperatorError when it cannot run the plan. */
export async function startProber(
  plan: ProberPlan,
  { onTick }: { onTick?: (tick: ProberTick) => void } = {},
): Promise<Prober> {
  const child = spawnProber();
  const ready = Promise.withResolvers<number>();
  const report = Promise.withResolvers<ProberReport>();
  // Who asks for the report hears of its failure; nobody else has to.
  report.promise.catch(() => {});
  let told: ProberReport | undefined;
  let failure: OperatorError | undefined;
  let stderr = '';

  const lines = createInterface({ input: child.stdio[MESSAGES] as Readable });
  lines.on('line', (text) => {
    const message = messageIn<ProberMessage>(text);
    if (!message) return;
    if (message.kind === 'ready') ready.resolve(message.t0);
    else if (message.kind === 'tick') onTick?.(message.tick);
    else if (message.kind === 'report') told = message.report;
    else failure = new OperatorError(message.message, { hint: message.hint });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.on('error', (cause) => {
    failure ??= new OperatorError('the prober process could not be started', { cause });
    ready.reject(failure);
    report.reject(failure);
  });
  // A process that died leaves its input closed; its end is told by 'close'.
  child.stdin.on('error', () => {});
  // What a probe of the project's own has started may hold its pipes for as long as it likes.
  child.on('exit', () => {
    setTimeout(() => {
      for (const pipe of child.stdio) pipe?.destroy();
    }, LAST_WORDS).unref();
  });
  child.on('close', (code, signal) => {
    removeStaleGroups();
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const error =
      failure ??
      new OperatorError(`the prober ${how} without a report${stderr ? `: ${stderr.trim()}` : ''}`, {
        hint: 'what it recorded until then is in the file of samples; without its report the run cannot be judged',
      });
    ready.reject(error);
    if (told) report.resolve(told);
    else report.reject(error);
  });
  child.stdin.write(`${JSON.stringify(plan)}\n`);

  const t0 = await within(OPENED_WITHIN, 'opening the probes', ready.promise, OPEN_HINT).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  const longest = Math.max(0, ...plan.streams.map(({ timeout }) => timeout));
  return {
    pid: child.pid!,
    t0,
    report: report.promise,
    stop: async () => {
      child.stdin.write('stop\n');
      const kill = setTimeout(() => child.kill('SIGKILL'), longest + STOP_GRACE);
      try {
        return await report.promise;
      } finally {
        clearTimeout(kill);
      }
    },
  };
}

/** What the prober has said is read within this time of its end, ms. */
const LAST_WORDS = 2_000;
/** A probe's `open` asks nobody; that of a kind of the project's own may wait for what never comes, ms. */
const OPENED_WITHIN = 30_000;
const OPEN_HINT = "Does a kind of this project's own wait for something in its open()?";

/** The process of the prober's own, its schedule not yet given. */
function spawnProber() {
  // Compiled, this file and the script both end in .js.
  const script = new URL(`./main${extname(import.meta.url)}`, import.meta.url);
  // Flags that the suite runs under (inspectors, loaders) would slow the prober or open its ports a second time.
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  // Names are looked up on the threads that write the file: a resolver that hangs must not stop the writing.
  const env = { ...inherited, UV_THREADPOOL_SIZE: '32' };
  // spawn, and not execa like elsewhere: it outlives a suite that is killed, and nothing may stand between it and its pipes.
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(script)], {
    env,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable, null, Readable>;
}
