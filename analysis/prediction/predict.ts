import { predictKubernetes } from '../../platforms/kubernetes/predict.ts';
import type { Meaning } from '../../platforms/meaning.ts';
import type { Inspection, Target, Timer } from '../../platforms/platform.ts';
import { predictSwarm } from '../../platforms/swarm/predict.ts';
import type { Bracket } from '../../recording/recording.ts';

/** Which moment a prediction is about, and so what it is held against. */
export type Moment = 'new leader' | 'node noticed down' | 'replacement running' | 'users served again';

/** A window that the platform's own timers predict, ms since t₀. */
export interface PredictedWindow {
  moment: Moment;
  /** The node or service it is about; '' for users. */
  of: string[];
  what: string;
  formula: string;
  timers: Record<string, { ms: number; source: Timer['source'] }>;
  window: Bracket;
}

/**
 * What a prediction is made from: known before the fault, so `plan` shows the same windows that a run is held against.
 */
export interface Situation {
  inspection: Inspection;
  /** What the fault does to its targets. */
  meaning: Meaning;
  targets: Target[];
  /** Ready members that each service should have. */
  services: Record<string, number | 'all'>;
  /** Members that each service has where the fault hits. */
  hit: Record<string, number>;
}

/** Each prediction is of one fault in a cluster that is otherwise well. */
export function whyUnpredicted(faults: readonly unknown[]): string | undefined {
  if (faults.length <= 1) return undefined;
  return `Nothing is predicted: timers tell what follows from one fault alone, and here are ${faults.length} faults at once.`;
}

/** Windows for one fault; none where the platform gives no timers to predict from. */
export function predict(situation: Situation): PredictedWindow[] {
  switch (situation.inspection.platform) {
    case 'swarm':
      return predictSwarm(situation);
    case 'kubernetes':
      return predictKubernetes(situation);
    default:
      return [];
  }
}
