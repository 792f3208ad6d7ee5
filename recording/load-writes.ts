import { z } from 'zod';
import type { LoadReport } from '../load/load.ts';

/** What the stream of a load is called where it stands beside those of the probes. */
export const LOAD = 'load';

/** The writes that a script of k6 says were acknowledged: their ids are the prefix and a number of one of the ranges, both ends included. */
export interface LoadWrites {
  idPrefix: string;
  acknowledged: [from: number, to: number][];
  /** How many of them had the number of another. */
  repeated?: number;
}

const whole = z.int().min(0);
const schema = z.looseObject({
  idPrefix: z.string(),
  acknowledged: z.array(z.tuple([whole, whole])),
  repeated: whole.optional(),
});

/** In the report of a load; undefined where it tells of none, or tells nonsense. */
export function writesOf(report: LoadReport | null): LoadWrites | undefined {
  const { success, data } = schema.safeParse(report?.summary);
  if (!success) return undefined;
  // Each number is in one of them, at most.
  const isOne = ([from, to]: [number, number], index: number) =>
    from <= to && from > (data.acknowledged[index - 1]?.[1] ?? -1);
  return data.acknowledged.every(isOne) ? data : undefined;
}

/** How many. */
export function countWrites({ acknowledged }: LoadWrites): number {
  return acknowledged.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
