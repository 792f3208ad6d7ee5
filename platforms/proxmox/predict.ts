/** Recovery as the timers of Proxmox VE's HA make it; the arithmetic is in windows.ts. */
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
  timer,
} from '../prediction.ts';
import { nodesOf } from '../targets.ts';
import {
  drained,
  type HaTimers,
  left,
  moved,
  movedAfterShutdown,
  movedFromMaster,
  movedFromMasterAfterShutdown,
  newMaster,
  offline,
  restarted,
  selfReset,
  started,
} from './windows.ts';

type UsedTimers = PredictedWindow['timers'];

/** A guest's memory on its way to another node. Not a timer: an assumption. */
const TRANSFER: Bracket = { from: 500, to: 60_000 };

export function predictProxmox(situation: Situation): PredictedWindow[] {
  switch (situation.meaning.kind) {
    case 'node death':
      return nodeDeath(situation);
    // A node that is cut off resets itself, and is fenced like one that died.
    case 'isolation':
    case 'control-plane silence':
      return [...nodeDeath(situation), ...itsReset(situation)];
    case 'shutdown':
      return shutDown(situation, situation.meaning.policy ?? policyOf(situation));
    case 'drain':
      return movedAlive(situation);
    case 'restart': {
      const own = { ...situation, hit: aimedMembers(situation) };
      return restartedInPlace(own, Object.keys(own.hit));
    }
    default:
      return [];
  }
}

const NAMES: Record<keyof HaTimers, string> = {
  detection: 'corosync.detection',
  lock: 'ha.lock',
  fence: 'ha.fence',
  round: 'ha.round',
  watchdog: 'ha.watchdog',
  device: 'ha.watchdog.device',
};

/** Undefined where the inspection tells one of them not: it is of another version. */
function haTimers(situation: Situation): HaTimers | undefined {
  const entries = Object.entries(NAMES).map(([key, name]) => [key, timer(situation, name)?.ms] as const);
  return entries.every(([, ms]) => ms !== undefined) ? (Object.fromEntries(entries) as unknown as HaTimers) : undefined;
}

function using(situation: Situation, ...names: (keyof HaTimers)[]): UsedTimers {
  return Object.fromEntries(names.map((key) => [NAMES[key], timer(situation, NAMES[key])!]));
}

function nodeDeath(situation: Situation): PredictedWindow[] {
  const nodes = nodesLost(situation);
  const timers = haTimers(situation);
  if (nodes.length === 0 || !timers) return [];
  const hasMaster = nodes.some(({ leader }) => leader);
  const expected: PredictedWindow[] = [
    {
      ...about('node noticed down', nodesOf(situation.targets)),
      formula: 'token + consensus',
      timers: using(situation, 'detection'),
      window: offline(timers),
    },
  ];
  if (hasMaster) {
    expected.push({
      ...about('new leader', []),
      formula: 'L − u·R + ≤ 2·R',
      timers: using(situation, 'lock', 'round'),
      window: newMaster(timers),
    });
  }
  const services = managed(situation, movable(situation));
  if (services.length === 0) return expected;
  const replaced: PredictedWindow = {
    ...about('replacement running', services),
    formula: hasMaster ? 'L ± R + F + R + R' : 'L + ≤ 2·R + R',
    timers: hasMaster ? using(situation, 'lock', 'fence', 'round') : using(situation, 'lock', 'round'),
    window: started(hasMaster ? movedFromMaster(timers) : moved(timers), timers),
  };
  return [...expected, replaced, ...usersAfter(situation, services, replaced)];
}

function shutDown(situation: Situation, policy: string | undefined): PredictedWindow[] {
  return policy === 'migrate'
    ? movedAlive(situation)
    : stopped(situation, policy === 'conditional' || policy === 'failover');
}

/** @param moves frozen guests wait for their node; `conditional` freezes them at a reboot only */
function stopped(situation: Situation, moves: boolean): PredictedWindow[] {
  const nodes = nodesLost(situation);
  const timers = haTimers(situation);
  const stop = timer(situation, 'ha.stop');
  if (nodes.length === 0 || !timers || !stop) return [];
  const goes = left(timers, stop.ms);
  const expected: PredictedWindow[] = [
    {
      ...about('node noticed down', nodesOf(situation.targets)),
      formula: '≤ 2·R + stop + system 30 s',
      timers: { ...using(situation, 'round'), 'ha.stop': stop },
      window: goes,
    },
  ];
  const services = managed(situation, movable(situation));
  if (services.length === 0 || !moves) return expected;
  const hasMaster = nodes.some(({ leader }) => leader);
  const after = hasMaster ? movedFromMasterAfterShutdown(timers) : movedAfterShutdown(timers);
  const replaced: PredictedWindow = {
    ...about('replacement running', services),
    formula: hasMaster ? 'noticed + F + ≤ 2·R + R' : 'noticed + F − u·R + R',
    timers: { ...using(situation, 'fence', 'round'), 'ha.stop': stop },
    window: started(add(goes, after), timers),
  };
  return [...expected, replaced, ...usersAfter(situation, services, replaced)];
}

/** The cluster's own: what is said of it begins with its word. */
const policyOf = ({ inspection }: Situation) => inspection.versions['ha.shutdown_policy']?.split(' ')[0];

/** What follows it depends on how long the node takes to boot, which no timer tells. */
function itsReset(situation: Situation): PredictedWindow[] {
  const nodes = nodesLost(situation);
  const timers = haTimers(situation);
  if (nodes.length === 0 || !timers) return [];
  return [
    {
      ...about('node reset', nodesOf(situation.targets)),
      formula: 'token + consensus + W − u·R + ≤ device',
      timers: using(situation, 'detection', 'watchdog', 'round', 'device'),
      window: selfReset(timers),
    },
  ];
}

/** Of a service whose guests are no HA resources nothing is recovered: its guests wait for their node. */
function managed(situation: Situation, services: string[]): string[] {
  return services.filter((service) => timer(situation, `ha.none.${service}`) === undefined);
}

/** Maintenance, and a shutdown under `migrate`, move what HA looks after, and nothing else. */
function movedAlive(situation: Situation): PredictedWindow[] {
  const services = managed(situation, movable(situation));
  const timers = haTimers(situation);
  if (services.length === 0 || !timers) return [];
  return [
    {
      ...about('replacement running', services),
      formula: '≤ 4·R + memory 0.5–60 s',
      timers: using(situation, 'round'),
      window: drained(timers, TRANSFER),
    },
  ];
}

function restartedInPlace(situation: Situation, services: string[]): PredictedWindow[] {
  const timers = haTimers(situation);
  const recovered = managed(situation, services);
  if (recovered.length === 0 || !timers) return [];
  const replaced: PredictedWindow = {
    ...about('replacement running', recovered),
    formula: '≤ 2·R',
    timers: using(situation, 'round'),
    window: restarted(timers),
  };
  return [replaced, ...usersAfter(situation, recovered, replaced)];
}

/**
 * By when users are served as before, at the latest. Where a guest is left of every service, the entry alone decides how soon it leaves
 * the dead one out, and no timer of the platform tells that.
 */
function usersAfter(situation: Situation, services: string[], replaced: PredictedWindow): PredictedWindow[] {
  const gone = goneEntirely(services, situation);
  const boot = timer(situation, 'guest.boot');
  if (gone.length === 0 || !boot) return [];
  return [
    {
      ...about('users served again', gone),
      formula: `at the latest: ${replaced.formula} + boot + entry 1 s`,
      timers: { ...replaced.timers, 'guest.boot': boot },
      window: { from: 0, to: replaced.window.to + boot.ms + ENTRY },
    },
  ];
}
