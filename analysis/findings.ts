/**
 * Findings: everything that is derived from a recording. Times are in ms since the beginning of t₀ unless noted otherwise;
 * `docs/measurement.md` says what each number means.
 */
import type { Meaning } from '../platforms/meaning.ts';
import type { Timer } from '../platforms/platform.ts';
import type { Moment } from '../platforms/prediction.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { Certificate } from '../probes/wire/certificate.ts';
import type { Bracket, LoadReport, LoadSecond, Phase } from '../recording/recording.ts';
import type { Objective } from '../scenarios/scenario.ts';
import type { Knee } from './load/knee.ts';
import type { LoadOutage } from './load/outages.ts';

export type VerdictKind = 'pass' | 'fail' | 'unknown';

/** What a check is about. These ids are the same in every run. */
export const checkKinds = [
  'fault-confirmed',
  'steady-state',
  'prober-fit',
  'run-complete',
  'recording-whole',
  'load-sent',
  'recovery',
  'recovery-after-healing',
  'availability',
  'longest-outage',
  'p95',
  'writes-lost',
  'objectives-without-stream',
  'load-threshold',
  'stop-condition',
  'platform-claim',
] as const;
export type CheckKind = (typeof checkKinds)[number];

/** One check and its verdict. `what`, `observed` and `wanted` are for people (`vote: recovery`, `12.4 s`, `≤ 15 s`). */
export interface Check {
  kind: CheckKind;
  /** The stream it is about, if any. */
  stream?: string;
  /** The fault it is about, if any. */
  fault?: string;
  verdict: VerdictKind;
  what: string;
  observed: string;
  wanted: string;
}

/** A mark: may be unknown (no `ms`) or censored (`beyond`: it had not happened within that many ms). */
export interface Mark {
  ms?: number;
  /** The true value lies within it. */
  bracket?: Bracket;
  beyond?: number;
}

/**
 * A maximal run of consecutive failures on one stream; times since the recording's origin. When probes were sent and how they
 * ended gives the bounds between which the service started and stopped failing.
 */
export interface Outage {
  /** Between the last ok before it (the origin if there was none) and the first failure. */
  start: Bracket;
  /**
   * Between the last failure and the first ok after it. If there was none the outage is `open`, and `end.to` is the last sample.
   */
  end: Bracket;
  open: boolean;
  /** The true length lies in [inner, outer]. */
  inner: number;
  outer: number;
  failures: number;
  errors: Record<string, number>;
  /** The instances that gave the last good answer before it and the first one after it. Left out where answers name none. */
  instances?: { before?: string; after?: string };
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
   * From t₀ to the end of recovery (or the horizon). `scheduled` includes probes whose sample is missing; they count as not
   * ok.
   */
  during: {
    scheduled: number;
    ok: number;
    failed: number;
    indeterminate: number;
    latency: Latency;
    /** p95 of good answers from when they were sent, ms: without the prober's own lateness. */
    answered: number;
    /** The longest time in which no probe was sent, ms. */
    gap: number;
  };
  /** ok / scheduled. NaN (null in JSON) if no probe was due, like the shares and sums below. */
  availability: number;
  /** Share of 1 s bins without a failure, and the worst windows. */
  wholeSeconds: number;
  worst: { s1: number; s10: number; s60: number };
  tte: Mark;
  ttfs: Mark;
  ttsr: Mark;
  /**
   * If the service was stable before healing and failed again after it: ms from the start of healing to the first stable
   * window. Undefined if healing disturbed nobody.
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
  /** How long the longest outage since t₀ lasted, however few failures it had; 0 ms if there was none. While one is not over, at least as long. */
  longestOutage?: Mark;
  /** The longest outage of ≥ 3 failures in a row. */
  headline: Outage | undefined;
  errors: Record<string, number>;
  instances: Record<string, number>;
  /** Probes of `steady` and `during` that were asked once more, on a new connection. Left out if there were none. */
  askedAgain?: number;
  /** Answers of `steady` and `during` by the address that gave them. Left out unless several did. */
  addresses?: Record<string, number>;
}

/** The recovery split: consecutive steps from the fault to stability; `ms` since t₀. */
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
  /** The stream or platform event it was taken from. */
  from: string;
}

export interface Durability {
  stream: string;
  attempted: number;
  acknowledged: number;
  read: number;
  indeterminate: number;
  /** Writes that fell due and have no sample: whether they were acknowledged is not known. Left out if there is none. */
  unrecorded?: number;
  /** Acknowledged and not found; some may still be queued: see `lostWrites`. */
  lost: string[];
  /** Acknowledged and found, but in part, or not as it was written. Left out where a write is no more than its id. */
  truncated?: string[];
  altered?: string[];
  recovered: number;
  unexpected: string[];
  duplicated: string[];
  /** How long the queue took to drain after recovery, ms; `left` if it did not drain. */
  backlog: { waited: number; left: number | null } | undefined;
  /** Why it cannot be judged. */
  unknown?: string;
}

/** A window predicted from the platform's own timers, next to what was measured. ms since t₀. */
export interface Prediction {
  /** The moment it predicts; the same ids in every run, whatever the targets. */
  moment: Moment;
  what: string;
  formula: string;
  timers: Record<string, { ms: number; source: Timer['source'] }>;
  window: Bracket;
  measured: Mark;
  holds: boolean | undefined;
  /** Why the measurement may lie outside the window, or why it could not be checked. */
  note?: string;
}

/** A number that instances told of themselves; nothing is judged by it. */
export interface GaugeFindings {
  name: string;
  instances: {
    member: string;
    node: string;
    /** Since the recording's origin. Without `value` the instance did not tell, and `error` says why it could not be asked. */
    points: { at: number; value?: number; error?: string }[];
  }[];
}

/** A large file under a fault. Sizes in bytes, in whole pieces; times in ms since the recording's origin. */
export interface LargeFile {
  stream: string;
  size: number;
  /** One after the other; `to`: when all of it was acknowledged, or had come back. `wrong`: what came back was not what had been sent. */
  files: { from: number; sent: { bytes: number; to?: number }; back: { bytes: number; to?: number }; wrong: number }[];
  /** How many of them were whole at the server and back since the fault, each piece as it was sent: only these show what a fault does to a file. */
  wholeSince: number;
  /** Of the one that was under way when the fault came: what was acknowledged, also since, and did not come back before the run ended. */
  unseen: number;
  /** What was sent more than once, or may have been. */
  sentAgain: number;
  /** Of all files. */
  wrong: number;
  /**
   * The longest pause since the fault: all before `at` had been acknowledged (or had come back), and it went on at `wentOnAt`; without that
   * it had not when nothing was watched any more, at `to`. Left out if it never stopped for a second.
   */
  stop?: { from: number; to: number; way: 'sent' | 'back'; at: number; wentOnAt?: number };
  /** Of the file under way when the fault began: what had been acknowledged and not yet compared, and how much of it came back since. */
  proof?: { acknowledged: number; back: number };
  /** By second; those without a piece are left out. */
  throughput: { second: number; sent: number; back: number }[];
}

/** Requests of the load that fell due in a part of the run. */
export interface LoadPart {
  seconds: number;
  offered: number;
  sent: number;
  ok: number;
  failed: number;
  /** Due, and not sent. */
  dropped: number;
}

/** What was sent beside the probes. Times in ms since the recording's origin. */
export interface LoadFindings {
  /** With its version, where it told it: `open`, `k6 v2.2.0`. */
  engine: string;
  /** In words: `500/s`, `1000 connections, 20000 requests`. */
  what: string;
  /** Whom it asks; left out where a script says so itself. */
  target?: string;
  began: number | undefined;
  ended: number | undefined;
  /** Of the whole load. These two are left out if its engine left no report; `error` then says why. */
  totals?: LoadReport['totals'];
  outcome?: LoadReport['outcome'];
  thrown?: NonNullable<LoadReport['thrown']>;
  error?: string;
  /** The whole seconds of steady state, and those from t₀ to the end of recovery. */
  steady: LoadPart;
  during: LoadPart;
  /** As it has seen them: seconds in a row without one good answer. */
  outages: LoadOutage[];
  /** Of a load that is what is done to the cluster, and rises. */
  knee?: Knee;
  seconds: LoadSecond[];
}

/**
 * What users saw from a further vantage, on this computer's clock. It never decides the verdict. Brackets are widened by what the alignment of
 * the two clocks leaves open.
 */
export interface VantageFindings {
  vantage: string;
  /** `ssh ops@w1`. */
  place: string;
  /** Whether what was seen there proves anything: its prober, its steady state, its clock, its recording. */
  checks: Check[];
  /** From when on nothing is known, ms since the recording's origin, and why. Left out if it was watched to the end. */
  until?: number;
  lost?: string;
  /** How far off its times may be at most on this computer's clock, ms, and how often its clock was read. Left out if it never was, or if no offset fits. */
  clock?: { error: number; looks: number };
  streams: StreamFindings[];
  bins: SecondBin[];
  prober: ProberReport | null;
}

/** One second of the run, for charts and degradation classes. `second` since the recording's origin. */
export interface SecondBin {
  second: number;
  class: Degradation;
  streams: Record<string, { scheduled: number; ok: number; p50: number; p95: number }>;
}

/**
 * Context that is needed to read the numbers. `run` repeats what was run, on which cluster and with which seed; `members` are those
 * on the target.
 */
export interface ConfigurationEntry {
  group: 'suite' | 'run' | 'target' | 'members' | 'stream' | 'load' | 'nodes' | 'version' | 'timer';
  /** Unique in its group. */
  name: string;
  value: string;
  /** Timers only: where the value comes from, which says how far to trust it. */
  source?: Timer['source'];
  /** Targets only: the value with node roles instead of node names. */
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
  /** The scenario's faults in order, and what each of them does. */
  faults: { fault: string; meaning: Meaning }[];
  /** Since the recording's origin. */
  t0: Bracket | undefined;
  confirmedAt: number | undefined;
  /** From the beginning of the first act of healing to the end of the last; since the recording's origin. */
  healing?: Bracket;
  /** When healing was finished, if every fault was then seen to be gone; since the recording's origin, like `confirmedAt`. */
  healedAt: number | undefined;
  phases: { phase: Phase; from: number; to: number; failed?: string }[];
  streams: StreamFindings[];
  split: SplitStep[];
  ttd: Mark;
  degradation: Record<Degradation, number>;
  durability: Durability[];
  predictions: Prediction[];
  /** Why predictions are missing, all or some, if the reader would expect them. */
  unpredicted?: string;
  bins: SecondBin[];
  /** Left out where there is none but the computer that the suite ran on. */
  vantages?: VantageFindings[];
  /** Left out where instances tell nothing. */
  gauges?: GaugeFindings[];
  /** Left out where no probe copies one. */
  largeFiles?: LargeFile[];
  /** Left out where the scenario has none. */
  load?: LoadFindings;
  /** What each entry with TLS showed; null and why, if it never showed one. Left out where there is none. */
  certificates?: { target: string; certificate: Certificate | null; error?: string }[];
  /** Events worth a line in the report; `at` since the recording's origin. */
  timeline: { at: number; kind: string; text: string }[];
  prober: ProberReport | null;
  /** Reported next to the verdict, never instead of it. */
  cleanUp: {
    /** What is not back to its state before the run; null if the cluster was not compared with it. */
    left: string[] | null;
    /** Acts in the undo journal that are not undone yet, the next one to undo first; null if the journal cannot be read. */
    pending: string[] | null;
  };
  warnings: string[];
  configuration: ConfigurationEntry[];
}
