import type { Variant } from '../fixtures/workload.ts';
import { mayRise } from '../load/load.ts';
import type { WrittenLoad } from '../load/schema.ts';

/** Fewer probes than this are not enough for a p95, or for a share that a verdict can be based on. */
export const ENOUGH = 20;

/** The shortest steady state that has enough probes of this use, ms. One more: when the first falls due is chance. */
export const shortestSteady = ({ every }: Pick<ProbeUse, 'every'>) => every * (ENOUGH + 1);

/** W: how long a service must be as good as before, ms; longer where that would hold too few probes for a share and a p95. */
export const stableWindow = ({ every }: Pick<ProbeUse, 'every'>) => Math.max(10_000, every * ENOUGH);

/** Samples are written to the file up to this long after their probes ended, ms. */
export const FLUSH = 500;
/** How often a run looks for the recovery, ms. */
export const RECOVERY_POLL = 1_000;

/** In the samples of so long a time, ms, is a whole window: it begins with a probe after the beginning, and all of it is decided and written. */
export const wholeWindowWithin = (use: Pick<ProbeUse, 'every' | 'timeout'>) =>
  stableWindow(use) + 2 * use.every + use.timeout + FLUSH;

/** The shortest horizon in which a window of this use can be seen whole, ms. */
export const shortestHorizon = (use: Pick<ProbeUse, 'every' | 'timeout'>) => wholeWindowWithin(use) + RECOVERY_POLL;

/** `fail`: the scenario demonstrates a weakness; it is green only if the verdict is fail and the fault was confirmed. */
type Expectation = 'pass' | 'fail';

/** A scenario in normal form: durations in ms, shares as fractions, defaults filled in. */
export interface Scenario {
  /** Path as the user gave it, relative where possible. */
  file: string;
  title: string;
  workload: string;
  variant: Variant;
  /** How long the undisturbed service is observed first, ms. */
  steady: number;
  /** How long to wait for recovery after the fault was healed, ms; later recovery is reported as censored. */
  horizon: number;
  /** Empty: the load is what is done. */
  faults: FaultUse[];
  probes: Record<string, ProbeUse>;
  /** By probe name. */
  objectives: Record<string, Objective>;
  /** What is sent beside the probes; left out if nothing is. */
  load?: WrittenLoad;
  stop: StopCondition[];
  expect: Expectation;
  breaksQuorum: boolean;
  seed: number | undefined;
}

/** A scenario as its file has it, for all clusters: `scenarioOn` says what it is on one. */
export interface WrittenScenario extends Omit<Scenario, 'expect'> {
  /** For all platforms, or by platform; what is not named is expected to pass. */
  expect: Expectation | Partial<Record<string, Expectation>>;
}

export interface FaultUse {
  fault: string;
  /** Validated by the fault's own schema. */
  options: Record<string, unknown>;
}

export interface ProbeUse {
  every: number;
  /** It must not come less often either. */
  exact?: boolean;
  timeout: number;
  connection: 'new' | 'reused' | 'both';
}

/** The load is what is done to the cluster. */
export const isOverload = ({ faults }: Pick<Scenario, 'faults'>) => faults.length === 0;

/** What is done is a load that may rise: while a fault is in effect it would bend for another reason than its rate. */
export const isRamp = ({ load, faults }: Pick<Scenario, 'load' | 'faults'>) =>
  load !== undefined && mayRise(load) && isOverload({ faults });

/** Limits; those that are not given are not checked. Durations in ms, shares as fractions. */
export interface Objective {
  /** Maximum TTSR. */
  recovery?: number;
  /** Minimum of ok / scheduled, over fault and recovery. */
  availability?: number;
  /** Maximum length of the longest outage (its outer bracket). */
  outage?: number;
  /** Maximum number of acknowledged writes that are lost. */
  lost?: number;
  /** Maximum p95 from when probes were due, over fault and recovery. */
  p95?: number;
}

/** `result.availability: < 50% for 30s`. */
export interface StopCondition {
  stream: string;
  below: number;
  window: number;
  text: string;
}
