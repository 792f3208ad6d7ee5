import type { Target } from './platform.ts';
import { nodesOf } from './targets.ts';

/**
 * What a fault does to the cluster. Each fault says it of itself; preflight, prediction and analysis reason about this, and know no
 * fault's name. It is recorded with the targets, so that a recording can be judged without the code of the fault.
 */
export type Meaning = Effect & {
  /** What the scenario expects of the platform's answer (`blocked`, `rolled-back`): then a run is judged by that, too. */
  claim?: string;
};

type Effect =
  /** The targeted nodes, and all that runs on them, have ended. */
  | { kind: 'node death' }
  /** The targeted nodes are cut off from everybody, and run on. */
  | { kind: 'isolation' }
  /** The control plane hears nothing of the nodes any more, while what runs on them serves on. */
  | { kind: 'control-plane silence' }
  /** The targeted nodes end in good order, and what ran on them as the platform's policy says: this one, or the cluster's own. */
  | { kind: 'shutdown'; policy?: string }
  /** The control plane moves everything off the nodes. */
  | { kind: 'drain' }
  /** The nodes do not do their part, in a way of which no timer tells what follows. */
  | { kind: 'node unavailable' }
  /** The targeted members crash; the platform starts them again. */
  | { kind: 'restart' }
  /** The targeted members are told to go, and others take their place. */
  | { kind: 'replacement' }
  /** Somebody in another namespace takes what the workload needs, with the remedy against it or without. */
  | { kind: 'neighbour'; takes: string; remedy: { option: string; isGiven: boolean } }
  /** Nothing that a timer, the quorum or the capacity has anything to say about. */
  | { kind: 'nothing' };

const TAKES_NODES_DOWN: ReadonlySet<Meaning['kind']> = new Set([
  'node death',
  'isolation',
  'shutdown',
  'control-plane silence',
  'drain',
  'node unavailable',
]);

/** The nodes that quorum and capacity are judged without, for as long as the fault is there. */
export function nodesDown(meaning: Meaning, targets: Target[]): string[] {
  return TAKES_NODES_DOWN.has(meaning.kind) ? nodesOf(targets) : [];
}
