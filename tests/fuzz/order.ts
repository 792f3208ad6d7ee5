/** What is said between a process that tries cases and the one that watches it. */
import path from 'node:path';

export interface Order {
  part: string;
  seed: number;
  /** Cases, by their numbers. */
  indices: number[];
  /** The input of each case lies in a folder in it, which stays if there is something to be found. */
  keep: string;
}

export function inputOf({ keep, part, seed }: Order, index: number): string {
  return path.join(keep, `${part}-${seed}-${index}`);
}

export interface Result {
  index: number;
  outcome: 'valid' | 'told' | 'failed';
  /** What was thrown, and where, or which limit was passed. */
  finding: string | undefined;
  /** CPU time, ms. */
  took: number;
  /** The most memory that the process held meanwhile, MiB. */
  peak: number;
}

/** What a case may cost. CPU time: a busy machine is not the input's fault. */
export const limits = { took: 1000, peak: 300 };
