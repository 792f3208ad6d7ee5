/**
 * One process that tries cases, for whoever watches it: it says what each came to and cost. A case that hangs or
 * takes all memory ends this process and nothing else.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { seeded } from '../../units/random.ts';
import { inputOf, limits, type Order, type Result } from './order.ts';
import type { Case } from './part.ts';
import { parts } from './parts.ts';

/** Every case has a source of its own, so that one is repeated without those before it. */
function sourceOf(seed: number, index: number): () => number {
  return seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
}

/** By so much a process may grow, bytes, until it is replaced. */
const GROWTH = 50 * 2 ** 20;

/** The peak counts from what is held now. Elsewhere than on Linux it is that of the process. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {}
}

/** Memory that one case took and that is not given back would be laid at the door of those after it. */
function hasGrown(from: number): boolean {
  if (process.memoryUsage.rss() < from + GROWTH) return false;
  globalThis.gc?.();
  return process.memoryUsage.rss() >= from + GROWTH;
}

function peakMemory(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

async function work(order: Order, send: (result: Result) => void): Promise<void> {
  const { prepare } = await parts[order.part]!();
  const make = await prepare();
  globalThis.gc?.();
  const base = process.memoryUsage.rss();
  for (const index of order.indices) {
    const folder = inputOf(order, index);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const attempt = make(sourceOf(order.seed, index), folder);
    forgetPeak();
    const result = await tried(index, attempt);
    if (result.finding === undefined) rmSync(folder, { recursive: true });
    send(result);
    if (hasGrown(base)) return;
  }
}

async function tried(index: number, attempt: Case): Promise<Result> {
  const before = process.cpuUsage();
  let outcome: Result['outcome'] = 'failed';
  let finding: string | undefined;
  try {
    outcome = await attempt();
  } catch (error) {
    finding = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { user, system } = process.cpuUsage(before);
  const took = (user + system) / 1000;
  const peak = peakMemory();
  if (took > limits.took) finding ??= `it took ${Math.round(took)} ms of CPU`;
  return { index, outcome, finding, took, peak };
}

process.once('message', async (order: Order) => {
  await work(order, (result) => process.send!(result));
  process.disconnect();
});
