/**
 * Findings: all that is derived from a recording. Times are ms since t₀'s beginning unless said otherwise;
 * `docs/measurement.md` says what each number means.
 */
import type { Meaning } from '../platforms/meaning.ts';
import type { Timer } from '../platforms/platform.ts';
import type { Moment } from '../platforms/prediction.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { Bracket, Phase } from '../recording/recording.ts';
import type { Objective } from '../scenarios/scenario.ts';

export type VerdictKind = 'pass' | 'fail' | 'unknown';

/** What a check is about: an id, the same in every run. */
export type CheckKind =
  | 'fault-confirmed'
  | 'steady-state'
  | 'prober-fit'
  | 'run-complete'
  | 'recovery'
  | 'recovery-after-healing'
  | 'availability'
  | 'longest-outage'
  | 'p95'
  | 'writes-lost'
  | 'objectives-without-stream'
  | 'stop-condition'
  | 'platform-claim';

/** One judged thing. `what`, `observed` and `wanted` are for people (`vote: recovery`, `12.4 s`, `≤ 15 s`). */
export interface Check {
  kind: CheckKind;
  /** The stream that it is about, where it is about one. */
  stream?: string;
  /** The fault that it is about, where it is about one of them. */
  fault?: string;
  verdict: VerdictKind;
  what: string;
  observed: string;
  wanted: string;
}

/** A mark that may be unknown (undefined) or censored (`beyond`: it had not happened within so many ms). */
export interface Mark {
  ms?: number;
  /** The true value lies within. */
  bracket?: Bracket;
  beyond?: number;
}

/**
 * A maximal run of failures on one stream; times since the recording's origin. What the probes were sent and what
 * became of them bounds the moments between which the service failed.
 */
export interface Outage {
  /** Between the last ok before (the origin when there was none) and the first failure. */
  start: Bracket;
  /**
   * Between the last failure and the first ok after; when none came it is `open`, and `end.to` is the last thing seen.
   */
  end: Bracket;
  open: boolean;
  /** The true length lies in [inner, outer]. */
  inner: number;
  outer: number;
  failures: number;
  errors: Record<string, number>;
}

export const degradations = ['full', 'slow', 'read-only', 'stale', 'partial', 'down'] as const;
export type Degradation = (typeof degradations)[number];

export interface Latency {
  p50: number;
  p95: number;
  p99: number;
  n: number;
}

export interface StreamFindings {
  stream: string;
  every: number;
  connection: 'new' | 'reused';
  writes: boolean;
  steady: { scheduled: number; ok: number; latency: Latency };
  /**
   * From t₀ to the end of recovery (or the horizon). `scheduled` holds probes whose sample is missing; they are not
   * ok.
   */
  during: { scheduled: number; ok: number; failed: number; indeterminate: number; latency: Latency };
  /** ok / scheduled. Not a number (null in JSON), like the shares below, where nothing fell due. */
  availability: number;
  /** Share of 1 s bins wholly ok, and the worst windows. */
  wholeSeconds: number;
  worst: { s1: number; s10: number; s60: number };
  tte: Mark;
  ttfs: Mark;
  ttsr: Mark;
  /**
   * When the service was stable before the healing and failed again after it: ms from the healing's beginning to the
   * first stable window. Undefined when healing disturbed nobody.
   */
  afterHealing?: Mark;
  /** First failure → last failure. */
  errorWindow: Mark;
  errorSeconds: number;
  degradedSeconds: number;
  goodput: { steady: number; during: number };
  /** Lost seconds. */
  resilienceLoss: number;
  degradationScore: number | undefined;
  minQ: number;
  /** Error budget burnt, as a share of (1 − SLO) × 30 days; undefined without an availability objective. */
  errorBudget: number | undefined;
  outages: Outage[];
  /** The longest outage of ≥ 3 failures in a row. */
  headline: Outage | undefined;
  errors: Record<string, number>;
  instances: Record<string, number>;
}

/** Where the time went: consecutive steps from the fault to stability; `ms` since t₀. */
export interface SplitStep {
  step:
    | 'fault confirmed'
    | 'first failure'
    | 'platform noticed'
    | 'rescheduled'
    | 'started'
    | 'first success'
    | 'last stale connection'
    | 'stable';
  mark: Mark;
  /** Which stream or platform event it is taken from. */
  from: string;
}

export interface Durability {
  stream: string;
  attempted: number;
  acknowledged: number;
  read: number;
  indeterminate: number;
  lost: string[];
  recovered: number;
  unexpected: string[];
  duplicated: string[];
  /** How long the queue took to drain after recovery, ms; `left` when it did not. */
  backlog: { waited: number; left: number | null } | undefined;
  /** Why it cannot be judged. */
  unknown?: string;
}

/** A window that the platform's own timers predict, beside what was measured. ms since t₀. */
export interface Prediction {
  /** What it is about, whoever is hit: the same in every run. */
  moment: Moment;
  what: string;
  formula: string;
  timers: Record<string, { ms: number; source: Timer['source'] }>;
  window: Bracket;
  measured: Mark;
  holds: boolean | undefined;
  /** What the prediction lacks when it does not hold. */
  note?: string;
}

/** One second of the run, for charts and degradation classes. `second` since the recording's origin. */
export interface SecondBin {
  second: number;
  class: Degradation;
  streams: Record<string, { scheduled: number; ok: number; p50: number; p95: number }>;
}

/**
 * Something that must be known beside the numbers. `run` repeats what was asked, of whom, by which chance; `members`: those on the
 * target.
 */
export interface ConfigurationEntry {
  group: 'suite' | 'run' | 'target' | 'members' | 'stream' | 'nodes' | 'version' | 'timer';
  /** Unique in its group. */
  name: string;
  value: string;
  /** Of a timer: how far to trust it. */
  source?: Timer['source'];
  /** Of the target: the value with roles in place of the names of nodes. */
  role?: string;
}

export interface Findings {
  version: 1;
  run: string;
  title: string;
  verdict: VerdictKind;
  /** Every check, fails first, then unknowns, then passes. */
  checks: Check[];
  objectives: Record<string, Objective>;
  /** The scenario's faults, in its order, and what each of them does. */
  faults: { fault: string; meaning: Meaning }[];
  /** Since the recording's origin. */
  t0: Bracket | undefined;
  confirmedAt: number | undefined;
  /** When healing was done; since the recording's origin, like `confirmedAt`. */
  healedAt: number | undefined;
  phases: { phase: Phase; from: number; to: number; failed?: string }[];
  streams: StreamFindings[];
  split: SplitStep[];
  ttd: Mark;
  degradation: Record<Degradation, number>;
  durability: Durability[];
  predictions: Prediction[];
  /** Why there are none, or some are missing, where somebody may look for them. */
  unpredicted?: string;
  bins: SecondBin[];
  /** Platform events worth a line, `at` since the recording's origin. */
  timeline: { at: number; kind: string; text: string }[];
  prober: ProberReport | null;
  /** What is not as before. Reported beside the verdict, never instead of it. */
  cleanUp: { left: string[] };
  warnings: string[];
  configuration: ConfigurationEntry[];
}
