import { predict, whyUnpredicted } from '../../analysis/prediction/predict.ts';
import type { Fault, Random, World } from '../../faults/fault.ts';
import { faults } from '../../faults/index.ts';
import { type Meaning, nodesDown, nodesWithoutVote } from '../../platforms/meaning.ts';
import { type Inspection, type Member, NotOffered, type Target } from '../../platforms/platform.ts';
import type { Moment, PredictedWindow } from '../../platforms/prediction.ts';
import { countByService } from '../../platforms/targets.ts';
import type { Bracket } from '../../recording/recording.ts';
import type { FaultUse, Scenario } from '../../scenarios/scenario.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { seeded } from '../../units/random.ts';
import { few } from '../../units/words.ts';

/** A fault of the scenario with its concrete targets. */
export interface AimedFault {
  use: FaultUse;
  fault: Fault;
  targets: Target[];
  meaning: Meaning;
}

const withoutVote = ({ meaning, targets }: AimedFault) => nodesWithoutVote(meaning, targets);

/** Whether enough managers are left for a quorum without these nodes. */
export function quorumSurvives(inspection: Inspection, withoutVote: string[]): boolean {
  const lost = inspection.nodes.filter(
    (node) => node.role === 'manager' && (node.votes ?? node.ready) && withoutVote.includes(node.name),
  );
  return inspection.quorum.reachable - lost.length >= inspection.quorum.needed;
}

/**
 * Chooses the targets of every fault, one after another: no fault hits twice what it hits already, and what all of them take away together counts.
 * If a choice would break the control plane's quorum and the scenario does not allow that, it chooses again among the nodes that are not managers.
 * Throws OperatorError if no allowed target fits; NotOffered if only a manager fits and the cluster has just one.
 */
export function aimAll(scenario: Scenario, world: World): AimedFault[] {
  const all: AimedFault[] = [];
  for (const use of scenario.faults) all.push(aimNext(use, all, scenario, world));
  return all;
}

function aimNext(use: FaultUse, others: readonly AimedFault[], scenario: Scenario, whole: World): AimedFault {
  const fault = faults[use.fault]!;
  const meaning = fault.means(use.options);
  const taken = others.filter((one) => one.fault === fault).flatMap(({ targets }) => targets);
  const world = without(whole, taken);
  const aim = (from: World): AimedFault => ({ use, fault, targets: fault.aim(from, use.options), meaning });
  const aimed = aim(world);
  const silent = [...others, aimed].flatMap(withoutVote);
  if (scenario.breaksQuorum || quorumSurvives(world.inspection, silent)) return aimed;
  const isManager = (name: string) =>
    world.inspection.nodes.some((node) => node.name === name && node.role === 'manager');
  try {
    return aim({ ...world, allowed: (node) => world.allowed(node) && !isManager(node) });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { managers, reachable, needed } = world.inspection.quorum;
    const lost = `${use.fault} on ${[...new Set(silent)].join(', ')}`;
    const hint = 'If that is what you want to see, say `breaks-quorum: true` in the scenario.';
    if (managers === 1) {
      throw new NotOffered(`${lost}: this cluster has one manager, and loses its control plane with it.`, { hint });
    }
    throw new OperatorError(
      `${lost} would break the control plane's quorum (${reachable} of ${managers} managers reachable, ${needed} needed), and no other node fits: ${error.message}`,
      { hint },
    );
  }
}

/** The world without what another use of the same fault has chosen. */
function without(world: World, taken: readonly Target[]): World {
  const nodes = new Set(taken.flatMap((target) => (target.kind === 'node' ? [target.node] : [])));
  const members = new Set(taken.flatMap((target) => (target.kind === 'member' ? [target.member.id] : [])));
  if (nodes.size + members.size === 0) return world;
  return {
    ...world,
    allowed: (node) => world.allowed(node) && !nodes.has(node),
    members: world.members.filter(({ id }) => !members.has(id)),
  };
}

/** What a fault could hit, before the workload is deployed and its members are scheduled. */
export interface Candidates {
  use: FaultUse;
  /** One line for each possible target. */
  targets: string[];
  /** False if the choice among them depends on how the workload is scheduled. */
  certain: boolean;
  nodes: string[];
  /** Whose members it may hit, where it aims at members. */
  services: string[];
  /** How many of those nodes run no members at the same time at most. */
  down: number;
  /** Nodes that may have no vote while the fault is there. */
  withoutVote: string[];
  /** Windows predicted from the platform's timers, by moment, each wide enough for all placements; ms since t₀. */
  expected: Map<Moment, ExpectedWindow>;
}

interface ExpectedWindow extends Bracket {
  /** Predicted for every placement of the members. */
  always: boolean;
}

const TRIES = 64;

/**
 * All targets that may be chosen, over many placements of the workload: each try puts every service's members on random
 * schedulable nodes.
 */
export function aimCandidates(
  scenario: Scenario,
  world: World,
  services: Record<string, number | 'all'>,
): Candidates[] {
  const random = seeded(1);
  const seen = scenario.faults.map(nothingSeen);
  let lastError: unknown;
  let aimed = 0;
  const isPredicted = whyUnpredicted(scenario.faults) === undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const members = placeAnywhere(services, world.inspection, random);
      for (const [index, aim] of aimAll(scenario, { ...world, members, random }).entries()) {
        const { meaning, targets } = aim;
        const situation = {
          inspection: world.inspection,
          meaning,
          targets,
          services,
          hit: membersHit(targets, members),
        };
        note(seen[index]!, aim, isPredicted ? predict(situation) : []);
      }
      aimed += 1;
    } catch (error) {
      // With this placement there is no possible target; with another there may be.
      if (!(error instanceof OperatorError)) throw error;
      lastError = error;
    }
  }
  if (aimed === 0) throw lastError;
  return scenario.faults.map((use, index) => ({ use, ...summaryOf(seen[index]!, aimed) }));
}

/** Results of the tries so far, for one fault. */
interface Seen {
  /** How often each target was chosen, by its line. */
  targets: Map<string, number>;
  nodes: Set<string>;
  services: Set<string>;
  down: number;
  withoutVote: Set<string>;
  expected: Map<Moment, Bracket & { times: number }>;
}

function nothingSeen(): Seen {
  return {
    targets: new Map(),
    nodes: new Set(),
    services: new Set(),
    down: 0,
    withoutVote: new Set(),
    expected: new Map(),
  };
}

function note(seen: Seen, aimed: AimedFault, predicted: PredictedWindow[]): void {
  const { meaning, targets } = aimed;
  for (const { moment, window } of predicted) {
    const { from, to, times } = seen.expected.get(moment) ?? { ...window, times: 0 };
    seen.expected.set(moment, {
      from: Math.min(from, window.from),
      to: Math.max(to, window.to),
      times: times + 1,
    });
  }
  seen.down = Math.max(seen.down, nodesDown(meaning, targets).length);
  for (const node of withoutVote(aimed)) seen.withoutVote.add(node);
  for (const target of targets) {
    const line = describeCandidate(target);
    seen.targets.set(line, (seen.targets.get(line) ?? 0) + 1);
    if (target.kind !== 'service') seen.nodes.add(target.node);
    if (target.kind === 'member') seen.services.add(target.member.service);
  }
}

/** `aimed`: how many tries found a target. */
function summaryOf(
  { targets, nodes, services, down, withoutVote, expected }: Seen,
  aimed: number,
): Omit<Candidates, 'use'> {
  return {
    targets: [...targets.keys()].sort(),
    certain: [...targets.values()].every((times) => times === TRIES),
    nodes: [...nodes].sort(),
    services: [...services].sort(),
    down,
    withoutVote: [...withoutVote],
    expected: new Map(
      [...expected].map(([moment, { from, to, times }]) => [moment, { from, to, always: times === aimed }]),
    ),
  };
}

/** How many members each service has where a fault hits. */
export function membersHit(targets: Target[], members: Member[]): Record<string, number> {
  const hit = targets.flatMap((target) => {
    if (target.kind === 'member') return [target.member];
    return members.filter(({ node, service, state }) => {
      // Members that are already stopping do not count.
      if (state === 'stopping') return false;
      return target.kind === 'service' ? service === target.service : node === target.node;
    });
  });
  return countByService(hit);
}

function placeAnywhere(services: Record<string, number | 'all'>, inspection: Inspection, random: Random): Member[] {
  const places = inspection.nodes.filter((node) => node.ready && node.schedulable);
  if (places.length === 0) {
    const why = inspection.nodes.map(({ name, ready }) => `${name} (${ready ? 'takes none now' : 'not ready'})`);
    throw new OperatorError(`no node takes members: ${few(why) || 'the cluster has none'}`, {
      hint: 'Bring a node back, or end its maintenance, cordon or drain.',
    });
  }
  return Object.entries(services).flatMap(([service, count]) =>
    Array.from({ length: count === 'all' ? places.length : count }, (_, index): Member => {
      const node = count === 'all' ? places[index]! : places[Math.floor(random() * places.length)]!;
      return { id: `${service}.${index + 1}`, service, node: node.name, state: 'running', ready: true };
    }),
  );
}

function describeCandidate(target: Target): string {
  if (target.kind === 'node') return target.node;
  if (target.kind === 'service') return `service ${target.service}`;
  return `a member of ${target.member.service} on ${target.node}`;
}
