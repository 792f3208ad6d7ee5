import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inputOf, limits, type Order, type Result } from './order.ts';

/** A case that is silent for longer, ms, or whose process holds more, MiB, ends it. */
const HANGS = 30_000;
const TOO_MUCH = 1500;
/** So that garbage is collected before it counts as held, MiB. */
const HEAP = 200;

export interface Finding {
  part: string;
  seed: number;
  index: number;
  what: string;
  /** The folder with its input. */
  input: string;
}

export interface Tally {
  part: string;
  tried: number;
  valid: number;
  told: number;
  findings: Finding[];
  /** The costliest case, CPU ms and MiB. */
  slowest: number;
  largest: number;
}

/** Tries the cases in processes of their own, each until one of its cases ends it. */
export async function watch(order: Order, onFinding: (finding: Finding) => void): Promise<Tally> {
  const { part, seed } = order;
  const tally: Tally = { part, tried: 0, valid: 0, told: 0, findings: [], slowest: 0, largest: 0 };
  const found = (index: number, what: string) => {
    const finding = { part, seed, index, what, input: inputOf(order, index) };
    tally.findings.push(finding);
    onFinding(finding);
  };
  /** What the cases before it left in a process is not a case's own: one that seems to hold too much is tried alone. */
  const heavy: number[] = [];
  const count = ({ index, outcome, finding, took, peak }: Result, alone = false) => {
    if (peak > limits.peak && !alone) {
      heavy.push(index);
      return;
    }
    tally.slowest = Math.max(tally.slowest, took);
    tally.largest = Math.max(tally.largest, peak);
    if (outcome !== 'failed') tally[outcome] += 1;
    if (finding !== undefined) found(index, finding);
    else if (peak > limits.peak) found(index, `the process held ${Math.round(peak)} MiB`);
  };
  let left = order.indices;
  while (left.length > 0) {
    const { tried, ended } = await oneProcess({ ...order, indices: left }, (result) => count(result));
    if (ended !== undefined) found(left[tried]!, ended);
    const gone = tried + (ended === undefined ? 0 : 1);
    tally.tried += gone;
    left = left.slice(gone);
  }
  for (const index of heavy) {
    const { ended } = await oneProcess({ ...order, indices: [index] }, (result) => count(result, true));
    if (ended !== undefined) found(index, ended);
  }
  return tally;
}

/** How many cases came to an end, and what ended the process before all did. */
async function oneProcess(order: Order, count: (result: Result) => void): Promise<{ tried: number; ended?: string }> {
  const child = fork(path.join(import.meta.dirname, 'worker.ts'), {
    execArgv: ['--expose-gc', `--max-old-space-size=${HEAP}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let tried = 0;
  let ended: string | undefined;
  let heard = performance.now();
  let words = '';
  child.stderr!.on('data', (chunk) => {
    words = (words + chunk).slice(-2000);
  });
  child.on('message', (result: Result) => {
    heard = performance.now();
    tried += 1;
    count(result);
  });
  const end = (why: string) => {
    ended ??= why;
    child.kill('SIGKILL');
  };
  const look = setInterval(() => {
    if (performance.now() - heard > HANGS) end(`nothing came of it for ${HANGS / 1000} s`);
    const held = heldBy(child);
    if (held > TOO_MUCH) end(`the process held ${Math.round(held)} MiB`);
  }, 200);
  child.send(order);
  const code = await new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
  clearInterval(look);
  if (code === 0 && tried > 0) return { tried };
  return { tried, ended: ended ?? `its process ended with ${code}: ${words.slice(-600)}` };
}

function heldBy({ pid }: ChildProcess): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return 0;
  }
}
