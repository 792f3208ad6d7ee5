import type { Variant } from '../fixtures/workload.ts';

/** A scenario in normal form: durations in ms, shares as fractions, defaults filled in. */
export interface Scenario {
  /** Path as the user gave it, relative where possible. */
  file: string;
  title: string;
  workload: string;
  variant: Variant;
  /** How long the undisturbed service is watched first, ms. */
  steady: number;
  /** How long recovery is waited for after the fault was healed, ms; later recovery is reported as censored. */
  horizon: number;
  faults: FaultUse[];
  probes: Record<string, ProbeUse>;
  /** By probe name. */
  objectives: Record<string, Objective>;
  stop: StopCondition[];
  /** `fail`: the scenario shows a weakness, and is green only if the verdict is fail, of a fault that was proven. */
  expect: 'pass' | 'fail';
  breaksQuorum: boolean;
  seed: number | undefined;
}

export interface FaultUse {
  fault: string;
  /** Validated by the fault's own schema. */
  options: Record<string, unknown>;
}

export interface ProbeUse {
  every: number;
  timeout: number;
  connection: 'new' | 'reused' | 'both';
}

/** Each is a limit; what is not named is not judged. Durations ms, shares fractions. */
export interface Objective {
  /** TTSR at most. */
  recovery?: number;
  /** ok / scheduled, over fault and recovery, at least. */
  availability?: number;
  /** Longest outage at most (its outer bracket). */
  outage?: number;
  /** Acknowledged writes lost at most. */
  lost?: number;
  /** p95 from due, over fault and recovery, at most. */
  p95?: number;
}

/** `result.availability: < 50% for 30s`. */
export interface StopCondition {
  stream: string;
  below: number;
  window: number;
  text: string;
}
