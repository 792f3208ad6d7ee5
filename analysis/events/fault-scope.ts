/** What the faults hit according to the recording, and which platform events are about that. */
import type { Meaning } from '../../platforms/meaning.ts';
import type { Inspection, PlatformEvent, Target } from '../../platforms/platform.ts';
import { countByService, membersOf, nodesOf, servicesOf } from '../../platforms/targets.ts';
import type { RunEvent } from '../../recording/recording.ts';
import type { FaultUse } from '../../scenarios/scenario.ts';

/** What a fault of a scenario means, for recordings that do not say it themselves. */
export type MeaningOf = (use: FaultUse) => Meaning;

/** What a fault of the scenario does, and its targets. */
export interface Aimed {
  meaning: Meaning;
  targets: Target[];
  /** How many members each service had there; undefined if the recording does not say. */
  services: Record<string, number> | undefined;
}

/** Targets are recorded in the order of the scenario's faults. */
export function aimedOf(events: RunEvent[], faults: FaultUse[], meaningOf: MeaningOf): Aimed[] {
  return events
    .filter((event) => event.kind === 'targets')
    .map(({ fault, meaning, targets, services }, i) => ({
      meaning: meaning ?? meaningOf({ fault, options: faults[i]?.options ?? {} }),
      targets,
      services: services ?? countsOf(targets),
    }));
}

/** Older recordings do not say what ran on a node that was a target, but targets other than nodes can be counted. */
function countsOf(targets: Target[]): Aimed['services'] {
  if (nodesOf(targets).length > 0) return undefined;
  return countByService([...membersOf(targets), ...servicesOf(targets).map((service) => ({ service }))]);
}

export interface FaultScope {
  nodes: ReadonlySet<string>;
  /** Those nodes whose members are dead or cut off from everything. */
  dead: ReadonlySet<string>;
  /** One of these nodes was the leader of the control plane. */
  led: boolean;
  members: ReadonlySet<string>;
  /** Services that had a member where a fault hits; undefined if that is not known for every fault. */
  services: ReadonlySet<string> | undefined;
  /** Services that were targets themselves, with all their members. */
  targetServices: ReadonlySet<string>;
}

const ENDS: ReadonlySet<Meaning['kind']> = new Set(['node death', 'isolation']);

export function faultScopeOf(aimed: Aimed[], inspection: Inspection | undefined): FaultScope {
  const targets = aimed.flatMap((one) => one.targets);
  const nodes = new Set(nodesOf(targets));
  const known = aimed.flatMap(({ services }) => (services ? [services] : []));
  return {
    nodes,
    dead: new Set(aimed.filter(({ meaning }) => ENDS.has(meaning.kind)).flatMap((one) => nodesOf(one.targets))),
    led: inspection?.nodes.some(({ name, leader }) => leader && nodes.has(name)) ?? false,
    members: new Set(membersOf(targets).map(({ id }) => withoutRestart(id))),
    services: known.length < aimed.length ? undefined : new Set(known.flatMap((counts) => Object.keys(counts))),
    targetServices: new Set(servicesOf(targets)),
  };
}

/** The event shows that the platform noticed the fault, not just that the suite lost contact or that something else broke. */
export function showsNotice(event: PlatformEvent, scope: FaultScope): boolean {
  switch (event.kind) {
    case 'node-down':
      return event.node === undefined || scope.nodes.has(event.node);
    case 'leader-changed':
      return scope.led;
    case 'member-failed':
    case 'member-stopped':
      return isInScope(event, scope);
    case 'member-scheduled':
      return isReplacement(event, scope);
    default:
      return false;
  }
}

/**
 * A new member of a service that lost one. A restart in place counts only if the fault hit that very member or its node;
 * anywhere else it has nothing to do with the fault.
 */
export function isReplacement(event: PlatformEvent, scope: FaultScope): boolean {
  if (event.kind !== 'member-scheduled' || !isOfHitService(event, scope)) return false;
  return !isStartedAgain(event) || isInScope(event, scope);
}

/** The event is about a member that was there when the fault hit. If the event does not name node or member, it counts as such. */
function isInScope(event: PlatformEvent, scope: FaultScope): boolean {
  if (!isOfHitService(event, scope)) return false;
  const { member, node, service } = event;
  return (
    scope.targetServices.has(service ?? '') ||
    (scope.nodes.size > 0 && (node === undefined || scope.nodes.has(node))) ||
    (scope.members.size > 0 && (member === undefined || scope.members.has(withoutRestart(member))))
  );
}

function isOfHitService({ service }: PlatformEvent, { services }: FaultScope): boolean {
  return service !== undefined && (services === undefined || services.has(service));
}

/** If members can be restarted in place, the platform appends the number of the restart to the id. */
const RESTART = /#\d+$/;

function isStartedAgain({ member = '' }: PlatformEvent): boolean {
  return RESTART.test(member);
}

/** A member's id without the number of the restart. */
export function withoutRestart(member: string): string {
  return member.replace(RESTART, '');
}
