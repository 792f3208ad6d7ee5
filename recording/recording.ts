/**
 * A recording is everything a run wrote: a folder with `run.json` (which scenario on which cluster), `events.jsonl` (what
 * happened, append-only), `samples.bin` (what users saw), `load.jsonl` (the load that was sent beside them, second by second) and
 * `journal.jsonl` (what must be undone). What users saw from a further vantage is in `vantages/<name>/`, with its own clock: samples of two
 * vantages are never in one file.
 *
 * Every time in it is in milliseconds (with fraction) since the run's origin on CLOCK_MONOTONIC.
 */
import type { Evidence } from '../faults/fault.ts';
import type { LoadReport } from '../load/load.ts';
import type { Meaning } from '../platforms/meaning.ts';
import type { Act, Inspection, PlatformEvent, Target } from '../platforms/platform.ts';
import type { StreamSpec } from '../probes/probe.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { Certificate } from '../probes/wire/certificate.ts';
import type { Scenario } from '../scenarios/scenario.ts';

export type { LoadReport, LoadSecond } from '../load/load.ts';
export type { Bracket } from '../units/bracket.ts';

export type Phase =
  | 'preflight'
  | 'deploy'
  | 'steady'
  | 'inject'
  | 'confirm'
  | 'hold'
  | 'heal'
  | 'recover'
  | 'verify'
  | 'clean up';

/** `run.json`. */
export interface RunMeta {
  version: 1;
  id: string;
  /** ns on CLOCK_MONOTONIC, decimal, and the same moment in epoch ms. */
  origin: { monotonic: string; wall: number };
  suite: string;
  seed: number;
  /** The folder in which it was started, from which the files of scenario and cluster are called. Missing in older recordings. */
  project?: string;
  scenario: Scenario;
  /** `probeInterval`: no probe came more often, whatever the scenario asks; ms. */
  cluster: { name: string; file: string; platform: string; probeInterval?: number };
  namespace: string;
  /** How many ready members each service of the workload should have. */
  services: Record<string, number | 'all'>;
  streams: StreamSpec[];
  /** Further places to probe from, by name: where they are. Left out where there are none. */
  vantages?: Record<string, string>;
}

interface Targets {
  kind: 'targets';
  fault: string;
  targets: Target[];
  /** What the fault does to them. Missing in older recordings. */
  meaning?: Meaning;
  /** How many members each service had on the targets when the fault hit. Missing in older recordings. */
  services?: Record<string, number>;
}

export type RunEvent = { at: number } & (
  | { kind: 'phase'; phase: Phase; state: 'begin' | 'end' | 'failed'; message?: string }
  | { kind: 'inspection'; inspection: Inspection; when: 'before' | 'after' }
  | Targets
  /** An act on the cluster; `at` is its end, `from` its beginning. `fault`: only if it is part of a fault. */
  | { kind: 'act'; act: Act; from: number; fault?: string; healing?: boolean; error?: string }
  | { kind: 'evidence'; of: 'fault' | 'healed'; fault: string; evidence: Evidence | null }
  | { kind: 'platform'; event: PlatformEvent }
  | { kind: 'stop'; condition: string; text: string }
  | { kind: 'prober'; report: ProberReport | null; error?: string }
  /** A load begins: `what` is sent in words, and `target` asked (a script says itself whom). */
  | { kind: 'load-begin'; what: string; target?: string }
  /** It has ended; null and why, if its engine left no report. */
  | { kind: 'load-end'; report: LoadReport | null; error?: string }
  /** The end of a prober at a further vantage; without a report, nothing is known of what users saw from there after its last sample. */
  | { kind: 'vantage'; vantage: string; report: ProberReport | null; error?: string }
  /** What an instance told of itself, by the names of the workload's gauges; null and why, if it could not be asked. */
  | {
      kind: 'gauges';
      service: string;
      member: string;
      node: string;
      values: Record<string, number> | null;
      error?: string;
    }
  /** What an entry with TLS showed; null and why, if it never showed one. */
  | { kind: 'certificate'; target: string; certificate: Certificate | null; error?: string }
  /** The queue of acknowledged writes after recovery: how long it took to drain, and what was left if it did not. */
  | { kind: 'backlog'; stream: string; waited: number; left: number | null }
  /** Of `ids`, those found in part or not as they were written: where a write is more than its id. */
  | {
      kind: 'readback';
      stream: string;
      ids: string[] | null;
      truncated?: string[];
      altered?: string[];
      error?: string;
    }
  /** How the cluster differs from its state before the run: empty if it does not, null if it could not be compared. */
  | { kind: 'difference'; left: string[] | null; error?: string }
  | { kind: 'warning'; text: string }
);
