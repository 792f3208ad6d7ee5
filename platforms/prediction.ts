/** What predictions are made of, on every platform. */
import type { Bracket } from '../units/bracket.ts';
import type { Meaning } from './meaning.ts';
import type { Inspection, Node, Target, Timer } from './platform.ts';
import { countByService, membersOf, nodesOf } from './targets.ts';

/** Which moment a prediction is about, and so what it is checked against. */
export type Moment = 'new leader' | 'node noticed down' | 'node reset' | 'replacement running' | 'users served again';

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
 * What a prediction is made from: known before the fault, so `plan` shows the same windows that a run is checked against.
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

/** The users' entry, every node's kernel and the next probe learn of a change a moment after the platform, ms. */
export const ENTRY = 1000;

type Used = PredictedWindow['timers'];

const SENTENCES: Record<Moment, (of: string[]) => string> = {
  'new leader': () => 'the managers elect a new leader',
  'node noticed down': (of) => `the manager notices that ${of.join(', ')} is down`,
  'node reset': (of) => `${of.join(', ')} resets itself, and what ran there ends`,
  'replacement running': (of) => `replacements run: ${of.join(', ')}`,
  'users served again': (of) => `users are served again without ${of.join(', ')} where it was`,
};

export function about(moment: Moment, of: string[]): Pick<PredictedWindow, 'moment' | 'of' | 'what'> {
  return { moment, of, what: SENTENCES[moment](of) };
}

export function timer({ inspection }: Situation, name: string): Used[string] | undefined {
  const found = inspection.timers.find((one) => one.name === name);
  return found && { ms: found.ms, source: found.source };
}

/**
 * A service's own timer; before it is deployed the platform's default stands for it. A service without one is not
 * checked.
 */
export function serviceTimer(situation: Situation, name: string, service: string): Used[string] | undefined {
  return timer(situation, `${name}.${service}`) ?? timer(situation, name);
}

/** Services that lose a member and may be given it back elsewhere: one that runs on every node has no elsewhere. */
export function movable({ hit, services }: Situation): string[] {
  return Object.keys(hit).filter((service) => services[service] !== 'all');
}

/** Of those, the ones of which nothing is left: their users wait until one is back. */
export function goneEntirely(services: string[], situation: Situation): string[] {
  return services.filter((service) => situation.hit[service]! >= Number(situation.services[service]));
}

/** The members that the fault is aimed at, by service. */
export function aimedMembers({ targets }: Situation): Situation['hit'] {
  return countByService(membersOf(targets));
}

/**
 * The nodes that are lost, in the inspection's order. None where the control plane loses its quorum with them: then nothing is noticed
 * and nothing replaced until it is back, and no timer says when.
 */
export function nodesLost({ inspection, targets }: Situation): Node[] {
  const dead = nodesOf(targets);
  const nodes = inspection.nodes.filter(({ name }) => dead.includes(name));
  const managersLeft = inspection.quorum.reachable - nodes.filter(({ role }) => role === 'manager').length;
  return managersLeft < inspection.quorum.needed ? [] : nodes;
}

export function add(a: Bracket, b: Bracket): Bracket {
  return { from: a.from + b.from, to: a.to + b.to };
}
