/**
 * Recovery as Kubernetes' own timers make it.
 *
 * A node renews its lease each L. The controllers look each M, and call a node dead that has not renewed for G: it died at a
 * random moment of L and is noticed at a random moment of M, so G − L to G + M after. From then on Services leave its pods out.
 * Each pod tolerates that for its tolerationSeconds, then its replacement is made elsewhere: a StatefulSet's is not, since two of the same
 * name must never run. When the controllers themselves died with the node, others take over once their lease ran out, know no
 * heartbeat yet, and wait G anew.
 */

import type { Bracket } from '../../units/bracket.ts';
import type { Node } from '../platform.ts';
import {
  about,
  add,
  aimedMembers,
  ENTRY,
  goneEntirely,
  movable,
  nodesLost,
  type PredictedWindow,
  type Situation,
  serviceTimer,
  timer,
} from '../prediction.ts';
import { nodesOf } from '../targets.ts';

type UsedTimers = PredictedWindow['timers'];

/** From a pod's creation to its process: scheduling, network, volumes; image already on the node. Not a timer: an assumption. */
const START: Bracket = { from: 300, to: 5000 };
/** A container that ended is seen by kubelet's look at its runtime, once a second, and started again at once the first time. */
const NOTICED_BY_KUBELET: Bracket = { from: 0, to: 2000 };

export function predictKubernetes(situation: Situation): PredictedWindow[] {
  const own = { ...situation, hit: aimedMembers(situation) };
  switch (situation.meaning.kind) {
    case 'node death':
    case 'isolation':
      return nodeDeath(situation);
    // It serves on, unheard: that it is noticed is all that the timers tell.
    case 'control-plane silence':
      return nodeDeath(situation).filter(({ moment }) => moment === 'node noticed down');
    case 'drain':
      return moved(situation, movable(situation));
    case 'replacement':
      return moved(own, Object.keys(own.hit));
    case 'restart':
      return restarted(own, Object.keys(own.hit));
    default:
      return [];
  }
}

function nodeDeath(situation: Situation): PredictedWindow[] {
  const nodes = nodesLost(situation);
  if (nodes.length === 0) return [];
  // Where nobody is known to lead, the node that died with it may be the leader's: its death is noticed later.
  const hasLeader = situation.inspection.nodes.some(({ leader }) => leader);
  if (!hasLeader && nodes.some(({ role }) => role === 'manager')) return [];

  const grace = timer(situation, 'node.monitor.grace');
  const period = timer(situation, 'node.monitor.period');
  const lease = timer(situation, 'node.lease');
  if (!grace || !period || !lease) return [];
  const timers: UsedTimers = { 'node.monitor.grace': grace, 'node.monitor.period': period, 'node.lease': lease };
  const expected: PredictedWindow[] = [];
  let down = { from: Math.max(0, grace.ms - lease.ms), to: grace.ms + period.ms };
  let formula = 'G − u·L + u·M';
  if (nodes.some(({ leader }) => leader)) {
    const leaderLease = timer(situation, 'leader.lease');
    const retry = timer(situation, 'leader.retry');
    if (!leaderLease || !retry) return [];
    // It was renewed at most one retry before; the others look each retry, a little spread.
    const elected = { from: leaderLease.ms - retry.ms, to: leaderLease.ms + 2 * retry.ms };
    expected.push({
      ...about('new leader', []),
      formula: 'lease − retry to lease + 2 retries',
      timers: { 'leader.lease': leaderLease, 'leader.retry': retry },
      window: elected,
    });
    Object.assign(timers, { 'leader.lease': leaderLease, 'leader.retry': retry });
    down = add(elected, { from: grace.ms, to: grace.ms + period.ms });
    formula = 'lease ± retry + G + u·M';
  }
  expected.push({ ...about('node noticed down', nodesOf(situation.targets)), formula, timers, window: down });
  const given = givenUp(nodes, situation);
  if (given === 'never') return expected;
  const services = movable(situation);
  const kept = services.filter((service) => tolerationOf(situation, service) === undefined);
  const replaced = services.filter((service) => !kept.includes(service));
  if (replaced.length > 0) {
    const noticing = given.ms === 0 ? formula : `${formula} + up to ${given.nodes} eviction intervals`;
    const used = given.timer ? { ...timers, 'eviction.interval': given.timer } : timers;
    expected.push(replacedAfter(situation, replaced, add(down, { from: 0, to: given.ms }), noticing, used));
  }
  // What is not replaced is back with its node, and no timer says when that is.
  if (services.length === 0 || goneEntirely(kept, situation).length > 0) return expected;
  const noticed = { down, formula, timers };
  return [...expected, usersAfterDeath(services, expected, goneEntirely(replaced, situation), noticed)];
}

/** So large a share of a zone, if more than two nodes, and the controllers take it for their own trouble: pods stay where they are, or nearly so. */
const ZONE_IN_TROUBLE = 0.55;
const ZONE = 'topology.kubernetes.io/zone';

/** How much later than the first the last of several nodes of a zone is given up: they are, one each eviction interval. */
function givenUp(
  nodes: readonly Node[],
  situation: Situation,
): { ms: number; nodes: number; timer?: UsedTimers[string] } | 'never' {
  const zoneOf = ({ labels }: Node) => labels[ZONE] ?? '';
  const inZone = (some: readonly Node[], zone: string) => some.filter((node) => zoneOf(node) === zone).length;
  const zones = [...new Set(nodes.map(zoneOf))];
  const { nodes: all } = situation.inspection;
  const isInTrouble = (zone: string) =>
    inZone(nodes, zone) > 2 && inZone(nodes, zone) >= ZONE_IN_TROUBLE * inZone(all, zone);
  if (zones.some(isInTrouble)) return 'never';
  const most = Math.max(...zones.map((zone) => inZone(nodes, zone))) - 1;
  const interval = timer(situation, 'eviction.interval');
  return interval && most > 0 ? { ms: most * interval.ms, nodes: most, timer: interval } : { ms: 0, nodes: 0 };
}

/** Every service that lost a member has it back: each waits its own toleration and start, and the last one counts. */
function replacedAfter(
  situation: Situation,
  services: string[],
  noticed: Bracket,
  noticing: string,
  used: UsedTimers,
): PredictedWindow {
  const timers: UsedTimers = { ...used };
  const windows = services.map((service) => {
    const toleration = tolerationOf(situation, service)!;
    timers[`toleration.${service}`] = toleration;
    const wait = { from: toleration.ms, to: toleration.ms };
    return add(add(noticed, wait), startOf(situation, service, timers));
  });
  return {
    ...about('replacement running', services),
    formula: `${noticing} + toleration + start 0.3–5 s + probe`,
    timers,
    window: latest(windows),
  };
}

/**
 * By when users are served as before. It has no earliest moment: an entry that checks health by itself may spare them. Replicas
 * that are left carry on once the dead one is left out; a service of which none is left is back with its replacement.
 */
function usersAfterDeath(
  services: string[],
  expected: PredictedWindow[],
  gone: string[],
  { down, formula, timers }: { down: Bracket; formula: string; timers: UsedTimers },
): PredictedWindow {
  const replaced = expected.find(({ moment }) => moment === 'replacement running');
  if (gone.length > 0 && replaced) {
    return {
      ...about('users served again', gone),
      formula: `at the latest: ${replaced.formula} + entry 1 s`,
      timers: replaced.timers,
      window: { from: 0, to: replaced.window.to + ENTRY },
    };
  }
  return {
    ...about('users served again', services),
    formula: `at the latest: ${formula} + entry 1 s`,
    timers,
    window: { from: 0, to: down.to + ENTRY },
  };
}

/** A pod that is told to go: its replacement is made at once, a StatefulSet's once the old one has gone. */
function moved(situation: Situation, services: string[]): PredictedWindow[] {
  if (services.length === 0) return [];
  const timers: UsedTimers = {};
  const windows = services.map((service) => {
    const grace = serviceTimer(situation, 'grace', service);
    if (grace) timers[`grace.${service}`] = grace;
    const waits = tolerationOf(situation, service) === undefined ? (grace?.ms ?? 0) : 0;
    return add({ from: 0, to: waits }, startOf(situation, service, timers));
  });
  const replaced: PredictedWindow = {
    ...about('replacement running', services),
    formula: 'a StatefulSet: up to its grace period, + start 0.3–5 s + probe',
    timers,
    window: latest(windows),
  };
  return [replaced, usersAtTheLatest(situation, services, replaced)];
}

/** A container that ended is started again in its pod: the first time at once. */
function restarted(situation: Situation, services: string[]): PredictedWindow[] {
  if (services.length === 0) return [];
  const timers: UsedTimers = {};
  const windows = services.map((service) => add(NOTICED_BY_KUBELET, startOf(situation, service, timers)));
  const replaced: PredictedWindow = {
    ...about('replacement running', services),
    formula: 'kubelet looks within 2 s + start 0.3–5 s + probe',
    timers,
    window: latest(windows),
  };
  return [replaced, usersAtTheLatest(situation, services, replaced)];
}

function usersAtTheLatest(situation: Situation, services: string[], replaced: PredictedWindow): PredictedWindow {
  const gone = goneEntirely(services, situation);
  return {
    ...about('users served again', gone.length > 0 ? gone : services),
    formula: `at the latest: ${replaced.formula} + entry 1 s`,
    timers: replaced.timers,
    window: { from: 0, to: replaced.window.to + ENTRY },
  };
}

/** Start and first good probe; where the first comes too early, the next one counts. */
function startOf(situation: Situation, service: string, used: UsedTimers): Bracket {
  const period = serviceTimer(situation, 'probe.period', service);
  const delay = timer(situation, `probe.delay.${service}`);
  if (period) used[`probe.period.${service}`] = period;
  if (delay) used[`probe.delay.${service}`] = delay;
  const wait = delay?.ms ?? 0;
  return add(START, { from: wait, to: wait + 2 * (period?.ms ?? 0) });
}

/** Undefined: it stays bound to its node. A service that is deployed and has no such time is a StatefulSet. */
function tolerationOf(situation: Situation, service: string): UsedTimers[string] | undefined {
  const isDeployed = timer(situation, `grace.${service}`) !== undefined;
  return timer(situation, `toleration.${service}`) ?? (isDeployed ? undefined : timer(situation, 'toleration'));
}

function latest(windows: Bracket[]): Bracket {
  return { from: Math.max(...windows.map(({ from }) => from)), to: Math.max(...windows.map(({ to }) => to)) };
}
