/** Whom the faults hit, as the recording tells, and which of the platform's news are about them. */
import type { Meaning } from '../../platforms/meaning.ts';
import type { Inspection, PlatformEvent, Target } from '../../platforms/platform.ts';
import { countByService, membersOf, nodesOf, servicesOf } from '../../platforms/targets.ts';
import type { RunEvent } from '../../recording/recording.ts';
import type { FaultUse } from '../../scenarios/scenario.ts';

/** What a fault of a scenario means, for recordings that do not say it themselves. */
export type MeaningOf = (use: FaultUse) => Meaning;

/** What a fault of the scenario does, and whom it was aimed at. */
export interface Aimed {
  meaning: Meaning;
  targets: Target[];
  /** Members that each service had there; undefined where the recording does not tell. */
  services: Record<string, number> | undefined;
}

/** Faults are aimed in the order of the scenario. */
export function aimedOf(events: RunEvent[], faults: FaultUse[], meaningOf: MeaningOf): Aimed[] {
  return events
    .filter((event) => event.kind === 'targets')
    .map(({ fault, meaning, targets, services }, i) => ({
      meaning: meaning ?? meaningOf({ fault, options: faults[i]?.options ?? {} }),
      targets,
      services: services ?? countsOf(targets),
    }));
}

/** Recordings that do not tell what ran on a node do tell what was aimed at without one. */
function countsOf(targets: Target[]): Aimed['services'] {
  if (nodesOf(targets).length > 0) return undefined;
  return countByService([...membersOf(targets), ...servicesOf(targets).map((service) => ({ service }))]);
}

export interface FaultScope {
  nodes: ReadonlySet<string>;
  /** Those of them whose members are dead, or cut off from everybody. */
  dead: ReadonlySet<string>;
  /** One of them led the control plane. */
  led: boolean;
  members: ReadonlySet<string>;
  /** Services that had a member where a fault hits; undefined where that is not known of each fault. */
  services: ReadonlySet<string> | undefined;
  /** Services that were aimed at as a whole. */
  whole: ReadonlySet<string>;
}

export function faultScopeOf(aimed: Aimed[], inspection: Inspection | undefined): FaultScope {
  const targets = aimed.flatMap((one) => one.targets);
  const nodes = new Set(nodesOf(targets));
  const known = aimed.flatMap(({ services }) => (services ? [services] : []));
  return {
    nodes,
    dead: new Set(aimed.filter(({ meaning }) => meaning.kind === 'node death').flatMap((one) => nodesOf(one.targets))),
    led: inspection?.nodes.some(({ name, leader }) => leader && nodes.has(name)) ?? false,
    members: new Set(membersOf(targets).map(({ id }) => lifeless(id))),
    services: known.length < aimed.length ? undefined : new Set(known.flatMap((counts) => Object.keys(counts))),
    whole: new Set(servicesOf(targets)),
  };
}

/** It shows that the platform noticed the fault, and not only that the suite lost sight of it, or that something else broke. */
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
 * A new member of a service that lost one. What is started again in its place was not replaced: it is a reaction to the fault
 * where the fault hit that very place, and elsewhere another story.
 */
export function isReplacement(event: PlatformEvent, scope: FaultScope): boolean {
  if (event.kind !== 'member-scheduled' || !isOfHitService(event, scope)) return false;
  return !isStartedAgain(event) || isInScope(event, scope);
}

/** News of a member that was there when the fault hit. What the platform leaves open is taken for it. */
function isInScope(event: PlatformEvent, scope: FaultScope): boolean {
  if (!isOfHitService(event, scope)) return false;
  const { member, node, service } = event;
  return (
    scope.whole.has(service ?? '') ||
    (scope.nodes.size > 0 && (node === undefined || scope.nodes.has(node))) ||
    (scope.members.size > 0 && (member === undefined || scope.members.has(lifeless(member))))
  );
}

function isOfHitService({ service }: PlatformEvent, { services }: FaultScope): boolean {
  return service !== undefined && (services === undefined || services.has(service));
}

/** Where a member may be started again, the platform tells its lives by a number behind its id. */
const LIFE = /#\d+$/;

function isStartedAgain({ member = '' }: PlatformEvent): boolean {
  return LIFE.test(member);
}

/** A member's id, whichever of its lives it is in. */
export function lifeless(member: string): string {
  return member.replace(LIFE, '');
}
