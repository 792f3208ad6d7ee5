/**
 * Recovery as SwarmKit's own timers make it.
 *
 * A manager gives each node, with every heartbeat, a period P drawn from H ± 0.5 s, and calls it down when 3·P pass
 * without one; the node died at a random moment u of its period, so it is noticed (3 − u)·P after. A new leader knows
 * no heartbeat yet and waits 6·P for each node. The tasks of a node that is down are replaced after their restart
 * delay, those of a drained node at once.
 */

import type { Bracket } from '../../units/bracket.ts';
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

/** SwarmKit's defaultHeartBeatEpsilon: it stays half a second when the period is configured. */
const HEARTBEAT_EPSILON = 500;
/** From a task's assignment to its process: container, network, volumes; image already on the node. Not a timer: an assumption. */
const START: Bracket = { from: 300, to: 3000 };
/** memberlist probes a peer each 1–2 s and suspects it for 4 s; then its address leaves the service's name. */
const GOSSIP: Bracket = { from: 5000, to: 8000 };

export function predictSwarm(situation: Situation): PredictedWindow[] {
  switch (situation.meaning.kind) {
    // A manager that does not hear a node replaces what ran there, whether or not it still does.
    case 'node death':
    case 'isolation':
    case 'control-plane silence':
      return nodeDeath(situation);
    case 'drain':
      return drained(situation);
    case 'restart':
      return memberKilled(situation);
    default:
      return [];
  }
}

function nodeDeath(situation: Situation): PredictedWindow[] {
  const nodes = nodesLost(situation);
  if (nodes.length === 0) return [];

  const heartbeat = timer(situation, 'dispatcher.heartbeat');
  if (!heartbeat) return [];
  const period = { from: Math.max(0, heartbeat.ms - HEARTBEAT_EPSILON), to: heartbeat.ms + HEARTBEAT_EPSILON };
  const timers: UsedTimers = { 'dispatcher.heartbeat': heartbeat };
  const expected: PredictedWindow[] = [];
  let down = { from: 2 * period.from, to: 3 * period.to };
  let formula = '(3 − u)·(H ± 0.5 s)';
  if (nodes.some(({ leader }) => leader)) {
    const election = timer(situation, 'raft.election');
    if (!election) return [];
    timers['raft.election'] = election;
    const elected = { from: election.ms, to: 2 * election.ms };
    expected.push({
      ...about('new leader', []),
      formula: 'E to 2·E',
      timers: { 'raft.election': election },
      window: elected,
    });
    down = add(elected, { from: 6 * period.from, to: 6 * period.to });
    formula = 'E to 2·E + 6·(H ± 0.5 s)';
  }
  expected.push({ ...about('node noticed down', nodesOf(situation.targets)), formula, timers, window: down });
  const services = movable(situation);
  if (services.length === 0) return expected;
  const replaced = replacementOf(situation, services, { delayed: true }, down, formula, timers);
  return [...expected, replaced, usersAfter(situation, services, replaced)];
}

function drained(situation: Situation): PredictedWindow[] {
  const services = movable(situation);
  if (services.length === 0) return [];
  const replaced = replacementOf(situation, services, { delayed: false }, { from: 0, to: 0 }, '', {});
  return [replaced, usersAfter(situation, services, replaced)];
}

function memberKilled(situation: Situation): PredictedWindow[] {
  const own = { ...situation, hit: aimedMembers(situation) };
  const services = Object.keys(own.hit);
  if (services.length === 0) return [];
  const replaced = replacementOf(own, services, { delayed: true }, { from: 0, to: 0 }, '', {});
  return [replaced, usersAfter(own, services, replaced)];
}

/**
 * All services that lost a member have it back: each waits its own restart delay and start, and the last one counts.
 */
function replacementOf(
  situation: Situation,
  services: string[],
  { delayed }: { delayed: boolean },
  noticed: Bracket,
  noticing: string,
  used: UsedTimers,
): PredictedWindow {
  const timers: UsedTimers = { ...used };
  const windows = services.map((service) => {
    const delay = delayed ? serviceTimer(situation, 'restart.delay', service) : undefined;
    const health = serviceTimer(situation, 'health.interval', service);
    if (delay) timers[`restart.delay.${service}`] = delay;
    if (health) timers[`health.interval.${service}`] = health;
    // The first health check comes one interval after the start; where it is too early, the second one counts.
    const healthy = { from: health?.ms ?? 0, to: 2 * (health?.ms ?? 0) };
    const wait = delay?.ms ?? 0;
    return add(add(noticed, { from: wait, to: wait }), add(START, healthy));
  });
  const isChecked = Object.keys(timers).some((name) => name.startsWith('health.interval'));
  const terms = [noticing, delayed ? 'restart delay' : '', 'start 0.3–3 s', isChecked ? '1 to 2 health intervals' : ''];
  return {
    ...about('replacement running', services),
    formula: terms.filter(Boolean).join(' + '),
    timers,
    window: { from: Math.max(...windows.map(({ from }) => from)), to: Math.max(...windows.map(({ to }) => to)) },
  };
}

/**
 * By when users are served as before. It has no earliest moment: replicas, or an entry that checks health by itself,
 * may spare them. Replicas that are left carry on once gossip forgot the dead one; a service of which none is left
 * is back with its replacement.
 */
function usersAfter(situation: Situation, services: string[], replaced: PredictedWindow): PredictedWindow {
  const gone = goneEntirely(services, situation);
  const users = { ...about('users served again', gone.length > 0 ? gone : services), timers: replaced.timers };
  if (gone.length > 0) {
    return {
      ...users,
      formula: `at the latest: ${replaced.formula} + entry 1 s`,
      window: { from: 0, to: replaced.window.to + ENTRY },
    };
  }
  return {
    ...users,
    formula: 'at the latest: gossip probe + suspicion',
    timers: {},
    window: { from: 0, to: GOSSIP.to },
  };
}
