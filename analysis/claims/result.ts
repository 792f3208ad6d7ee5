/** What recordings say of claims; all reports of them are rendered from it. */
import type { Claim, ClaimNumber } from '../../scenarios/claims.ts';
import type { Difference, Measure, SetUp } from '../comparison/comparison.ts';
import type { Factor } from '../comparison/factors.ts';

/** In order of what weighs most where several are put together. */
export const claimVerdicts = ['does not hold', 'unknown', 'holds', 'not run'] as const;
export type ClaimVerdict = (typeof claimVerdicts)[number];

/** A verdict, and why it is that: never a guess. */
export interface Judged {
  verdict: ClaimVerdict;
  reason: string;
}

/** One scenario on one platform. */
export interface AnswerResult extends Judged {
  file: string;
  title: string;
  platform: string;
  /** False: its numbers are shown, and decide nothing. */
  decides: boolean;
  /** Its guests were emulated in some run: what depends on the machine's speed says nothing of real guests. */
  emulated: boolean;
  /** Runs of the same configuration, together. Empty where it was not run. */
  setUps: SetUp[];
  /** Of each set-up. */
  factors: Factor[][];
  /** What the runs of each set-up alone say. */
  judged: Judged[];
  /** Of each number that the claim names, with its values by set-up; `withheld`, by set-up: it is a speed, and its guests were emulated. */
  numbers: { number: ClaimNumber; measure: Measure; withheld: boolean[] }[];
  /** Runs of another version of the scenario: other faults, probes or objectives. They count for nothing. */
  outdated: string[];
}

/** A number of one scenario on a platform. */
export interface ComparedSide {
  file: string;
  title: string;
  platform: string;
  emulated: boolean;
  /** Runs that count. */
  n: number;
  measure: Measure;
  /** Runs of another version of the scenario, which count for nothing. */
  outdated: string[];
}

export interface ComparedResult extends Judged {
  number: ClaimNumber;
  of: ComparedSide;
  to: ComparedSide;
  holdsIf: 'less' | 'more';
  times: number;
  /** Its values are not shown: a speed of emulated guests. */
  withheld: boolean;
  /** The one median by the other; undefined where one of them is not known or may not be put beside the other. */
  ratio: number | undefined;
  /** What differs between the runs of the two. */
  differences: Difference[];
}

export interface ClaimResult extends Judged, Pick<Claim, 'claim' | 'restsOn' | 'unanswered'> {
  /** On each platform that a scenario of it is for. */
  platforms: (Judged & { platform: string })[];
  answers: AnswerResult[];
  compared: ComparedResult[];
}

export interface ClaimsResult {
  version: 1;
  title: string;
  about: string;
  file: string;
  claims: ClaimResult[];
  counts: Record<ClaimVerdict, number>;
  /** Runs that answer some claim. */
  runs: number;
}
