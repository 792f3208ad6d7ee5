import type { Platform } from '../platforms/platform.ts';
import { poll } from '../units/until.ts';

export type Snapshot = Record<string, string>;

/** What is not as it was: one line each, empty when all is. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    if (before[name] === after[name]) return [];
    if (before[name] === undefined) return [`left behind: ${name} (${after[name]})`];
    if (after[name] === undefined) return [`gone: ${name} (was ${before[name]})`];
    return [`changed: ${name} is ${after[name]}, was ${before[name]}`];
  });
}

/**
 * Compares with the state before, and again while things are still on their way out, for at most `timeout` ms. A cluster that
 * does not answer by then is a difference: nobody can say that it is as it was.
 */
export async function settledDifferences(platform: Platform, before: Snapshot, timeout: number): Promise<string[]> {
  const look = () =>
    platform.snapshot().then(
      (after) => differences(before, after),
      (error: Error) => [`the cluster could not be compared with its state before: ${error.message}`],
    );
  return poll(look, (left) => left.length === 0, { timeout, every: 1000 });
}
