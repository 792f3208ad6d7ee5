import type { Platform } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
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
 * Compares with the state before, and again while things are still being removed or the cluster does not answer, for at most
 * `timeout` ms. Throws OperatorError if it could not be compared by then: what is left is not known.
 */
export async function settledDifferences(platform: Platform, before: Snapshot, timeout: number): Promise<string[]> {
  const look = () =>
    platform.snapshot().then(
      (after) => differences(before, after),
      (error: Error) => error,
    );
  const found = await poll(look, (left) => Array.isArray(left) && left.length === 0, { timeout, every: 1000 });
  if (Array.isArray(found)) return found;
  throw new OperatorError(`the cluster could not be compared with its state before: ${found.message}`, {
    cause: found,
  });
}
