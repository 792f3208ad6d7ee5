import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predict } from '../../analysis/prediction/predict.ts';
import { meaningOf } from '../../faults/meaning.ts';
import type { Inspection, Target, Timer } from '../platform.ts';
import type { Situation } from '../prediction.ts';

interface Options {
  heartbeat?: number;
  delay?: number;
  health?: number;
  targetNode?: string;
  fault?: string;
  replicas?: number;
  managers?: number;
  hit?: string[];
  /** Members of each service there. */
  lost?: number;
}

function situation(options: Options): Situation {
  const {
    heartbeat = 5000,
    delay = 5000,
    health,
    targetNode = 'w1',
    fault = 'node-kill',
    replicas = 1,
    managers = 3,
  } = options;
  const node = (name: string, role: 'manager' | 'worker') => ({
    name,
    role,
    leader: name === 'm1',
    ready: true,
    schedulable: true,
    address: '',
    labels: {},
  });
  const timers: Timer[] = [
    { name: 'dispatcher.heartbeat', ms: heartbeat, source: 'read' },
    { name: 'raft.election', ms: 10_000, source: 'assumed' },
    { name: 'restart.delay.vote', ms: delay, source: 'read' },
  ];
  if (health) timers.push({ name: 'health.interval.vote', ms: health, source: 'read' });
  const names = Array.from({ length: managers }, (_, i) => `m${i + 1}`);
  const inspection: Inspection = {
    platform: 'swarm',
    versions: {},
    nodes: [...names.map((name) => node(name, 'manager')), node('w1', 'worker')],
    quorum: { managers, reachable: managers, needed: Math.floor(managers / 2) + 1 },
    timers,
  };
  const member = { id: 't1', service: 'vote', node: targetNode, state: 'running' as const, ready: true };
  const target: Target =
    fault === 'member-kill'
      ? { kind: 'member', member, node: targetNode, why: '' }
      : { kind: 'node', node: targetNode, why: '' };
  return {
    inspection,
    meaning: meaningOf({ fault, options: {} }),
    targets: [target],
    services: { vote: replicas, agent: 'all' },
    hit: Object.fromEntries((options.hit ?? ['vote']).map((service) => [service, options.lost ?? 1])),
  };
}

function windows(options: Options): Record<string, [number, number]> {
  return Object.fromEntries(
    predict(situation(options)).map(({ moment, window }) => [moment, [window.from, window.to]]),
  );
}

test('windows hold what was measured on a real Swarm', () => {
  const measured: [Options, string, number[]][] = [
    [{}, 'node noticed down', [12_800, 14_500, 10_900]],
    [{ health: 2000 }, 'replacement running', [19_000, 22_300, 18_600]],
    [{ heartbeat: 1000, delay: 0 }, 'node noticed down', [2600, 3800, 1500]],
    [{ heartbeat: 1000, delay: 0, health: 2000 }, 'replacement running', [6100, 6900, 4900, 5800]],
    [{ targetNode: 'm1' }, 'new leader', [11_200]],
    [{ targetNode: 'm1' }, 'node noticed down', [39_500, 46_700]],
    [{ targetNode: 'm1', health: 2000 }, 'replacement running', [47_600, 55_400]],
    [{ fault: 'member-kill' }, 'replacement running', [7700]],
    [{ fault: 'node-drain', health: 3000 }, 'replacement running', [7400]],
  ];
  for (const [options, moment, times] of measured) {
    const [from, to] = windows(options)[moment]!;
    for (const time of times)
      assert.ok(from <= time && time <= to, `${moment} ${JSON.stringify(options)}: ${time} outside ${from}–${to}`);
  }
});

test('defaults give the documented windows', () => {
  assert.deepEqual(windows({})['node noticed down'], [9000, 16_500]);
  assert.deepEqual(windows({})['replacement running'], [14_300, 24_500]);
  assert.deepEqual(windows({ targetNode: 'm1' })['node noticed down'], [37_000, 53_000]);
});

test('users of a single member wait for its replacement, users of replicas only for gossip', () => {
  assert.deepEqual(windows({ replicas: 1 })['users served again'], [0, 25_500]);
  assert.deepEqual(windows({ replicas: 2 })['users served again'], [0, 8000]);
  assert.deepEqual(windows({ replicas: 2, lost: 2 })['users served again'], [0, 25_500], 'both were on the same node');
});

test('a manager that does not lead is noticed like a worker', () => {
  assert.deepEqual(windows({ targetNode: 'm2' }), windows({}));
});

test('without a quorum, or on a node that runs nothing, no replacement is promised', () => {
  assert.deepEqual(windows({ targetNode: 'm1', managers: 1 }), {});
  assert.deepEqual(Object.keys(windows({ hit: [] })), ['node noticed down']);
  assert.deepEqual(Object.keys(windows({ hit: ['agent'] })), ['node noticed down'], 'it runs on every node as it is');
});

test('faults that no timer bounds have no window', () => {
  assert.deepEqual(windows({ fault: 'member-pause' }), {});
  assert.deepEqual(predict({ ...situation({}), inspection: { ...situation({}).inspection, platform: 'abacus' } }), []);
});

test('each window says which timers it rests on, and whether they were read', () => {
  const replaced = predict(situation({ targetNode: 'm1', health: 2000 })).find(
    ({ moment }) => moment === 'replacement running',
  );
  assert.deepEqual(Object.keys(replaced!.timers), [
    'dispatcher.heartbeat',
    'raft.election',
    'restart.delay.vote',
    'health.interval.vote',
  ]);
  assert.equal(replaced?.timers['raft.election']?.source, 'assumed');
  assert.match(replaced!.formula, /restart delay \+ start .* health intervals/);
});
