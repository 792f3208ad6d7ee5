import type { ProberTick } from '../probes/prober/plan.ts';
import type { Phase, RunEvent } from '../recording/recording.ts';

/** What a run reports while it goes on, for people who watch. Nothing is derived from it. */
export type RunProgress =
  | { kind: 'run'; run: string; title: string; cluster: string; dir: string }
  | { kind: 'event'; event: RunEvent }
  | { kind: 'tick'; tick: ProberTick }
  /** The current phase ends in about this many ms, or with `atMost` no later than that. */
  | { kind: 'countdown'; phase: Phase; ms: number; atMost: boolean }
  | { kind: 'note'; text: string };

export type OnProgress = (progress: RunProgress) => void;
