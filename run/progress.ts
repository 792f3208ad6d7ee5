import type { ProberTick } from '../probes/prober/plan.ts';
import type { Phase, RunEvent } from '../recording/recording.ts';

/** What a run tells while it goes on, for people who watch. Nothing is derived from it. */
export type Progress =
  | { kind: 'run'; run: string; title: string; cluster: string; dir: string }
  | { kind: 'event'; event: RunEvent }
  | { kind: 'tick'; tick: ProberTick }
  /** The current phase ends in about so many ms, or at the latest then. */
  | { kind: 'countdown'; phase: Phase; ms: number; atMost: boolean }
  | { kind: 'note'; text: string };

export type Tell = (progress: Progress) => void;
