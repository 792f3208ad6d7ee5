import { duration, formatDuration } from '../units/units.ts';

/** Anything longer is probably a wrong unit: a run of more than a day is no longer a test. */
export const LONGEST = 86_400_000;

/** A duration within limits, inclusive. */
export function between(least: number, most: number) {
  return duration
    .refine((ms) => ms >= least, { error: `expected at least ${formatDuration(least)}` })
    .refine((ms) => ms <= most, { error: `expected at most ${formatDuration(most)}` });
}
