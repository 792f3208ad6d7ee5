import type { Platform } from '../platforms/platform.ts';
import { poll } from '../units/until.ts';

export type Snapshot = Record<string, string>;

/** What differs between two snapshots, one line each; empty if nothing does. */
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
 * Compares with the state before, and again while things are still being removed, for at most `timeout` ms. If the cluster does
 * not answer by then, that is reported as a difference.
 */
export async function settledDifferences(platform: Platform, before: Snapshot, timeout: number): Promise<string[]> {
  const look = () =>
    platform.snapshot().then(
      (after) => differences(before, after),
      (error: Error) => [`the cluster could not be compared with its state before: ${error.message}`],
    );
  return poll(look, (left) => left.length === 0, { timeout, every: 1000 });
}
