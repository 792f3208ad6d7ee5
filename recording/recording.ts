/**
 * A recording is all that a run wrote: a folder with `run.json` (what was asked, of whom), `events.jsonl` (what
 * happened, append-only), `samples.bin` (what users saw) and `journal.jsonl` (what must be undone).
 *
 * Every time in it is in milliseconds (with fraction) since the run's origin on CLOCK_MONOTONIC.
 */
import type { Evidence } from '../faults/fault.ts';
import type { Meaning } from '../platforms/meaning.ts';
import type { Act, Inspection, PlatformEvent, Target } from '../platforms/platform.ts';
import type { StreamSpec } from '../probes/probe.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import type { Scenario } from '../scenarios/scenario.ts';

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
  scenario: Scenario;
  cluster: { name: string; file: string; platform: string };
  namespace: string;
  /** Ready members each service of the workload should have. */
  services: Record<string, number | 'all'>;
  streams: StreamSpec[];
}

interface Targets {
  kind: 'targets';
  fault: string;
  targets: Target[];
  /** What the fault does to them. Older recordings do not tell. */
  meaning?: Meaning;
  /** How many members each service had on the targets when the fault came. Older recordings do not tell. */
  services?: Record<string, number>;
}

export type RunEvent = { at: number } & (
  | { kind: 'phase'; phase: Phase; state: 'begin' | 'end' | 'failed'; message?: string }
  | { kind: 'inspection'; inspection: Inspection; when: 'before' | 'after' }
  | Targets
  /** An act on the cluster; `at` is its end, `from` its beginning. `fault` when a fault did it (inject), else absent. */
  | { kind: 'act'; act: Act; from: number; fault?: string; healing?: boolean; error?: string }
  | { kind: 'evidence'; of: 'fault' | 'healed'; fault: string; evidence: Evidence | null }
  | { kind: 'platform'; event: PlatformEvent }
  | { kind: 'stop'; condition: string; text: string }
  | { kind: 'prober'; report: ProberReport | null; error?: string }
  /** The queue of acknowledged writes after recovery: how long it took to drain, or that it did not. */
  | { kind: 'backlog'; stream: string; waited: number; left: number | null }
  | { kind: 'readback'; stream: string; ids: string[] | null; error?: string }
  /** The cluster compared with its state before; empty = as before. */
  | { kind: 'difference'; left: string[] }
  | { kind: 'warning'; text: string }
);
