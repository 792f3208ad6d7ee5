import type { Random } from '../../faults/fault.ts';

/** What a damaged or hostile input came to: it was as good as an undamaged one, or its mistake was told. */
export type Outcome = 'valid' | 'told';

/** One input of a part, ready to be tried. Its files are in the folder that was given, so that a finding can be repeated. */
export type Case = () => Promise<Outcome> | Outcome;

/** One of the things that are fuzzed. */
export interface Part {
  /** How many inputs the full fuzz makes of it. */
  count: number;
  /** Called once in each process; returns what makes a case from a random source, the same from the same source. */
  prepare(): Promise<(random: Random, folder: string) => Case>;
}
