/** The result of a comparison, from which all its reports are rendered. See `docs/reports.md` for how to read it. */

import type { Moment } from '../../platforms/prediction.ts';
import type { Certificate } from '../../probes/wire/certificate.ts';
import type { Bracket } from '../../recording/recording.ts';
import type { Check, Mark, VerdictKind } from '../findings.ts';
import type { Spell } from '../streams/degradation.ts';
import type { Interval, Observation } from './statistics.ts';

/** Times in ms, `seconds` in seconds, shares 0…1; `a second`: a rate; `times`: a ratio. */
export type Unit = 'ms' | 'seconds' | 'share' | 'count' | 'a second' | 'MiB/s' | 'times';

/**
 * `asked`: the faults and how they were measured. `cluster`: the cluster they ran on. `judged`: limits that can change a verdict
 * but no measured number.
 */
export type FactorGroup = 'asked' | 'cluster' | 'judged';

/** A factor with its value in each column; undefined where none was recorded. */
export interface Difference {
  group: FactorGroup;
  name: string;
  values: (string | undefined)[];
}

/** One run's observation. Without `value` and `beyond` nothing was observed. */
export interface Point extends Observation {
  run: string;
  /** False for a run that proves nothing: it is shown, but not counted. */
  counted: boolean;
}

/** The runs of one set-up, by one measure. */
export interface Summary {
  /** One for each run of the set-up, in the same order. */
  points: Point[];
  /** Runs that count. */
  n: number;
  /** Those of them with an observation. */
  observed: number;
  /** Empty unless every run that counts has an observation. */
  median: Observation;
  /** 95 % confidence interval of the median; needs at least six runs. */
  interval?: Interval;
}

export interface Measure {
  name: string;
  unit: Unit;
  /** One for each set-up. */
  summaries: Summary[];
}

export interface SetUp {
  /** `A`: a short name for tables. */
  letter: string;
  /** The cluster, and whatever else distinguishes this set-up from the others. */
  label: string;
  cluster: string;
  platform: string;
  workload: string;
  variant: string;
  fault: string;
  title: string;
  file: string;
  /** All its runs have the same objectives, so their verdicts can be counted together. */
  judgedAlike: boolean;
  runs: SetUpRun[];
}

export interface SetUpRun {
  run: string;
  /** The fault's targets. */
  target: string;
  /** Epoch ms. */
  began: number;
  verdict: VerdictKind;
  expect: 'pass' | 'fail';
  counted: boolean;
  /** Checks because of which it does not count. */
  against: Check[];
  /** Checks that decided the verdict; empty for a pass. */
  decisive: Check[];
  /** What users got, in seconds since the fault; empty if there was no fault. */
  timeline: Spell[];
  /** When the fault was healed, in seconds since the fault. */
  healed: number | undefined;
}

export interface StreamComparison {
  stream: string;
  measures: Measure[];
}

/** A moment that can be predicted from the platforms' timers: predicted and measured, by set-up and run. */
export interface PredictionComparison {
  moment: Moment;
  windows: MeasuredWindow[][];
}

export interface MeasuredWindow {
  run: string;
  counted: boolean;
  what: string;
  formula: string;
  window: Bracket;
  measured: Mark;
  holds: boolean | undefined;
}

export interface Comparison {
  version: 1;
  setUps: SetUp[];
  /** All of them ran the same scenario. */
  sameScenario: boolean;
  /** Only what differs between set-ups. */
  differences: Difference[];
  /** Recorded for some set-ups only, with the same value. */
  partly: Difference[];
  overall: Measure[];
  /** Which set-up did best; only among set-ups that ran the same scenario. */
  orders: Order[];
  contrasts: Contrast[];
  split: Measure[];
  streams: StreamComparison[];
  degradation: Measure[];
  durability: StreamComparison[];
  predictions: PredictionComparison[];
  /** What the entries with TLS showed, by entry: for each set-up what was seen in its runs, each once. Left out where there are none. */
  certificates?: { target: string; shown: (Certificate | null)[][] }[];
}

/** Set-ups ranked by one measure, the best first. */
export interface Order {
  name: string;
  /** Indexes of set-ups. These runs show no difference between those in one group. */
  groups: number[][];
  /** Set-ups of one group that these runs do tell apart, the better one first: another one lies across both. */
  apart: [number, number][];
  /** Set-ups that are shown but not ranked, and why. */
  unranked: { setUp: number; why: string }[];
}

/** The same noisy neighbour without and with a remedy, side by side. */
export interface Contrast {
  /** What the neighbour uses up: cpu, memory … */
  kind: string;
  /** Indexes of set-ups. */
  without: number;
  remedied: number;
  /** The remedy: the options that differ. */
  remedy: Difference[];
  /** What else differs. If anything does, the remedy alone does not explain the result. */
  besides: Difference[];
}
