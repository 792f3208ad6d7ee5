/** The prober process: see `ProberPlan` for what it reads, `ProberMessage` for what it writes. */
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { OperatorError } from '../../units/operator-error.ts';
import { importKinds } from '../kinds.ts';
import { Output } from './output.ts';
import { MESSAGES, type ProberMessage, type ProberPlan } from './plan.ts';
import { Priority } from './priority.ts';
import { Run } from './run.ts';

/** Ticks are dropped once so many bytes wait for a suite that does not read: a suite that hangs must not stop the prober. */
const UNREAD_LIMIT = 64 * 1024;

// A pipe of our own: what a probe of the project prints is no message. Unlike `process.stdout` it does not block the whole process when it is full.
const output = new Socket({ fd: MESSAGES, readable: false, writable: true });
// The suite is gone: the end of the input says so too, and ends the run.
output.on('error', () => {});

const priority = Priority.raise();
process.on('exit', () => priority.lower());

function line(message: ProberMessage): string {
  return `${JSON.stringify(message)}\n`;
}

function leave(message: ProberMessage, code: number): void {
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

async function start(plan: ProberPlan): Promise<Run> {
  const kinds = await importKinds(plan.kinds ?? {});
  const { out, origin, streams, seed } = plan;
  const openOutput = () => Output.create(out, origin, streams);
  const run = await Run.start(
    { origin, streams, seed, kinds, openOutput },
    {
      onTick: (tick) => {
        if (output.writableLength < UNREAD_LIMIT) output.write(line({ kind: 'tick', tick }));
      },
      onError: fail,
    },
  );
  output.write(line({ kind: 'ready', t0: run.t0 }));
  return run;
}

let running: Promise<Run> | undefined;
let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // Without a plan there is nothing to report, and nobody to report it to.
  if (!running) process.exit(1);
  const report = await (await running).stop();
  leave({ kind: 'report', report: { ...report, priority: priority.kind } }, 0);
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  if (running) {
    if (text === 'stop') stop().catch(fail);
    return;
  }
  running = start(JSON.parse(text) as ProberPlan);
  running.catch(fail);
});
input.on('close', () => stop().catch(fail));
process.on('SIGTERM', () => stop().catch(fail));
process.on('SIGHUP', () => stop().catch(fail));
// A terminal sends Ctrl-C to the whole group. The suite heals and cleans up then, and the prober goes on measuring meanwhile.
process.on('SIGINT', () => {});
