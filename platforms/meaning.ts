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

/** What a node does not do while the fault is there: run members, or also vote with the other managers. A node that is drained still votes. */
const TAKES: Partial<Record<Meaning['kind'], 'members' | 'members and vote'>> = {
  'node death': 'members and vote',
  isolation: 'members and vote',
  shutdown: 'members and vote',
  'control-plane silence': 'members and vote',
  'node unavailable': 'members and vote',
  drain: 'members',
};

/** The nodes that capacity is judged without, for as long as the fault is there. */
export function nodesDown(meaning: Meaning, targets: Target[]): string[] {
  return TAKES[meaning.kind] === undefined ? [] : nodesOf(targets);
}

/** The nodes that the control plane's quorum is judged without, for as long as the fault is there. */
export function nodesWithoutVote(meaning: Meaning, targets: Target[]): string[] {
  return TAKES[meaning.kind] === 'members and vote' ? nodesOf(targets) : [];
}
