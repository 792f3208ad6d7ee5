/** The prober process: see `ProberPlan` for what it reads, `ProberMessage` for what it writes. */
import { createInterface } from 'node:readline';
import { ToParent } from '../../processes/to-parent.ts';
import { importKinds } from '../kinds.ts';
import { Output } from './output.ts';
import { MESSAGES, type ProberMessage, type ProberPlan } from './plan.ts';
import { Priority } from './priority.ts';
import { Run } from './run.ts';

/** Ticks are dropped once so many bytes wait for a suite that does not read: a suite that hangs must not stop the prober. */
const UNREAD_LIMIT = 64 * 1024;

const parent = new ToParent<ProberMessage>(MESSAGES);

const priority = Priority.raise();
process.on('exit', () => priority.lower());

process.on('uncaughtException', parent.fail);
process.on('unhandledRejection', parent.fail);

async function start(plan: ProberPlan): Promise<Run> {
  const kinds = await importKinds(plan.kinds ?? {});
  const { out, origin, streams, seed } = plan;
  const openOutput = () => Output.create(out, origin, streams);
  const run = await Run.start(
    { origin, streams, seed, kinds, openOutput },
    {
      onTick: (tick) => {
        if (parent.unread < UNREAD_LIMIT) parent.tell({ kind: 'tick', tick });
      },
      onError: parent.fail,
    },
  );
  parent.tell({ kind: 'ready', t0: run.t0 });
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
  parent.leave({ kind: 'report', report: { ...report, priority: priority.kind } }, 0);
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  if (running) {
    if (text === 'stop') stop().catch(parent.fail);
    return;
  }
  running = start(JSON.parse(text) as ProberPlan);
  running.catch(parent.fail);
});
input.on('close', () => stop().catch(parent.fail));
process.on('SIGTERM', () => stop().catch(parent.fail));
process.on('SIGHUP', () => stop().catch(parent.fail));
// A terminal sends Ctrl-C to the whole group. The suite heals and cleans up then, and the prober goes on measuring meanwhile.
process.on('SIGINT', () => {});
