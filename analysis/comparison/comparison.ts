/** What a comparison says: everything that its reports are written from. `docs/reports.md` says how to read it. */

import type { Moment } from '../../platforms/prediction.ts';
import type { Bracket } from '../../recording/recording.ts';
import type { Check, Mark, VerdictKind } from '../findings.ts';
import type { Spell } from '../streams/degradation.ts';
import type { Interval, Observation } from './statistics.ts';

/** Times in ms, `seconds` in seconds, shares 0…1. */
export type Unit = 'ms' | 'seconds' | 'share' | 'count';

/**
 * `asked`: what was done and how it was watched. `cluster`: whom it was done to. `judged`: limits that change a verdict
 * and no number.
 */
export type FactorGroup = 'asked' | 'cluster' | 'judged';

/** A factor, with its value in each of several columns; undefined where none was recorded. */
export interface Difference {
  group: FactorGroup;
  name: string;
  values: (string | undefined)[];
}

/** One run's observation; without value and `beyond` it has none. */
export interface Point extends Observation {
  run: string;
  /** False for a run that proves nothing: it is shown, and counts for nothing. */
  counted: boolean;
}

/** What the runs of one set-up say of one thing. */
export interface Summary {
  /** One for each run of the set-up, in their order. */
  points: Point[];
  /** Runs that count. */
  n: number;
  /** Those of them that observed anything. */
  observed: number;
  /** Of nothing, unless every run that counts observed it. */
  median: Observation;
  /** 95 % confidence interval of the median, from six runs on. */
  interval?: Interval;
}

export interface Measure {
  name: string;
  unit: Unit;
  /** One for each set-up. */
  summaries: Summary[];
}

export interface SetUp {
  /** `A`: short for tables. */
  letter: string;
  /** The cluster, and what else tells this set-up from the others. */
  label: string;
  cluster: string;
  platform: string;
  workload: string;
  variant: string;
  fault: string;
  title: string;
  file: string;
  /** The objectives of all its runs are the same, so their verdicts can be counted. */
  judgedAlike: boolean;
  runs: SetUpRun[];
}

export interface SetUpRun {
  run: string;
  /** Whom the fault hit. */
  target: string;
  /** Epoch ms. */
  began: number;
  verdict: VerdictKind;
  expect: 'pass' | 'fail';
  counted: boolean;
  /** Why it does not count. */
  against: Check[];
  /** What decided the verdict; nothing for a pass. */
  decisive: Check[];
  /** What users had, in seconds since the fault; empty where there was no fault. */
  timeline: Spell[];
  /** When the fault was healed, in the same seconds. */
  healed: number | undefined;
}

export interface StreamComparison {
  stream: string;
  measures: Measure[];
}

/** One moment that the platforms' timers predict: what was predicted and measured, by set-up and run. */
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
  /** The same was asked of all of them. */
  sameScenario: boolean;
  /** Only what differs between set-ups. */
  differences: Difference[];
  /** Recorded of some set-ups only, and equal there. */
  partly: Difference[];
  overall: Measure[];
  /** Which set-up did best; only among set-ups that were asked the same. */
  orders: Order[];
  contrasts: Contrast[];
  split: Measure[];
  streams: StreamComparison[];
  degradation: Measure[];
  durability: StreamComparison[];
  predictions: PredictionComparison[];
}

/** Cells by one measure, the best first. */
export interface Order {
  name: string;
  /** Indexes of set-ups. Those in one group cannot be told apart by these runs. */
  groups: number[][];
  /** Cells that are shown and not ranked, and why. */
  unranked: { setUp: number; why: string }[];
}

/** The same noisy neighbour without a remedy and with one, side by side. */
export interface Contrast {
  /** What the neighbour takes: cpu, memory … */
  kind: string;
  /** Indexes of set-ups. */
  without: number;
  remedied: number;
  /** What the remedy is: the options that differ. */
  remedy: Difference[];
  /** What differs besides. Then the remedy alone does not explain what is seen. */
  besides: Difference[];
}
