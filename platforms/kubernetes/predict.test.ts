import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predict } from '../../analysis/prediction/predict.ts';
import { meaningOf } from '../../faults/meaning.ts';
import type { Inspection, Target, Timer } from '../platform.ts';
import type { Situation } from '../prediction.ts';

interface Options {
  timers?: Record<string, number>;
  fault?: string;
  targetNode?: string;
  replicas?: number;
  hit?: string[];
  chosen?: Record<string, unknown>;
}

const DEFAULTS = {
  'node.monitor.grace': 50_000,
  'node.monitor.period': 5_000,
  'node.lease': 10_000,
  'leader.lease': 15_000,
  'leader.retry': 2_000,
  toleration: 300_000,
  'probe.period': 10_000,
  grace: 30_000,
};
const ZONE = 'topology.kubernetes.io/zone';
const TUNED = {
  'node.monitor.grace': 5_000,
  'node.monitor.period': 1_000,
  'node.lease': 1_000,
  toleration: 0,
  'probe.period': 0,
};
/** As a deployed service tells them: a Deployment's pod with a probe; a StatefulSet's has no toleration. */
const VOTE = { 'grace.vote': 30_000, 'toleration.vote': 300_000, 'probe.period.vote': 2_000 };
const DB = { 'grace.db': 30_000, 'probe.period.db': 2_000 };

function situation({
  timers = {},
  fault = 'node-kill',
  targetNode = 'w1',
  replicas = 1,
  hit = ['vote'],
  chosen = {},
}: Options): Situation {
  const node = (name: string, role: 'manager' | 'worker') => ({
    name,
    role,
    leader: name === 'c1',
    ready: true,
    schedulable: role === 'worker',
    address: '',
    labels: {},
  });
  const inspection: Inspection = {
    platform: 'kubernetes',
    versions: {},
    nodes: [node('c1', 'manager'), node('c2', 'manager'), node('c3', 'manager'), node('w1', 'worker')],
    quorum: { managers: 3, reachable: 3, needed: 2 },
    timers: Object.entries({ ...DEFAULTS, ...timers }).map(([name, ms]): Timer => ({ name, ms, source: 'read' })),
  };
  const member = { id: 'm', service: hit[0] ?? 'vote', node: targetNode, state: 'running' as const, ready: true };
  const target: Target = ['node-kill', 'node-drain', 'node-partition', 'kubelet-stop'].includes(fault)
    ? { kind: 'node', node: targetNode, why: '' }
    : { kind: 'member', member, node: targetNode, why: '' };
  return {
    inspection,
    meaning: meaningOf({ fault, options: chosen }),
    targets: [target],
    services: { vote: replicas, db: 1 },
    hit: counted(hit),
  };
}

const counted = (services: string[]) => Object.fromEntries(services.map((service) => [service, 1]));

function windows(options: Options): Record<string, [number, number]> {
  return Object.fromEntries(
    predict(situation(options)).map(({ moment, window }) => [moment, [window.from, window.to]]),
  );
}

test('windows hold what was measured on a real cluster', () => {
  const measured: [Options, string, number[]][] = [
    [{}, 'node noticed down', [44_400, 42_500]],
    [{}, 'replacement running', [345_000, 345_200]],
    [{ replicas: 2 }, 'users served again', [45_500, 43_000]],
    [{ timers: { ...VOTE, 'toleration.vote': 5_000 } }, 'replacement running', [49_400]],
    [{ timers: TUNED }, 'node noticed down', [4_500, 5_000]],
    [{ timers: TUNED }, 'replacement running', [5_600, 5_950]],
    [{ timers: TUNED, replicas: 2 }, 'users served again', [5_650, 6_100]],
    [{ fault: 'member-kill', timers: VOTE }, 'replacement running', [1_600]],
  ];
  for (const [options, moment, times] of measured) {
    const [from, to] = windows(options)[moment]!;
    for (const time of times)
      assert.ok(from <= time && time <= to, `${moment} ${JSON.stringify(options)}: ${time} outside ${from}–${to}`);
  }
});

test('defaults give the documented windows', () => {
  assert.deepEqual(windows({ replicas: 2 })['node noticed down'], [40_000, 55_000]);
  assert.deepEqual(windows({ replicas: 2 })['users served again'], [0, 56_000]);
  const before132 = windows({ replicas: 2, timers: { 'node.monitor.grace': 40_000 } });
  assert.deepEqual(before132['users served again'], [0, 46_000]);
});

test("the controllers' own node costs an election and a fresh grace period", () => {
  const expected = windows({ targetNode: 'c1', replicas: 2 });
  assert.deepEqual(expected['new leader'], [13_000, 19_000]);
  assert.deepEqual(expected['node noticed down'], [63_000, 74_000]);
  assert.equal(windows({ targetNode: 'c2' })['new leader'], undefined);
});

test('where nobody is known to lead, nothing is predicted of a manager that dies, and all of a worker', () => {
  const leaderless = (options: Options) => {
    const one = situation(options);
    const nodes = one.inspection.nodes.map((node) => ({ ...node, leader: false }));
    return predict({ ...one, inspection: { ...one.inspection, nodes } }).map(({ moment }) => moment);
  };
  assert.deepEqual(leaderless({ targetNode: 'c2' }), []);
  assert.ok(leaderless({ targetNode: 'w1', replicas: 2 }).includes('node noticed down'));
});

test('several nodes of a zone are given up one each eviction interval, and most of a zone not at all', () => {
  const several = (dead: number, zones: (i: number) => string) => {
    const one = situation({ timers: { ...VOTE, 'eviction.interval': 10_000 }, replicas: 2 });
    const workers = Array.from({ length: 6 }, (_, i) => ({
      ...one.inspection.nodes[3]!,
      name: `w${i}`,
      labels: { [ZONE]: zones(i) },
    }));
    const managers = one.inspection.nodes.slice(0, 3).map((node) => ({ ...node, labels: { [ZONE]: 'm' } }));
    const targets = workers.slice(0, dead).map(({ name }): Target => ({ kind: 'node', node: name, why: '' }));
    const found = predict({ ...one, targets, inspection: { ...one.inspection, nodes: [...managers, ...workers] } });
    return found.find(({ moment }) => moment === 'replacement running')?.window.to;
  };
  const one = several(1, () => 'a')!;
  assert.equal(
    several(3, () => 'a'),
    one + 20_000,
  );
  assert.equal(
    several(3, (i) => `zone-${i}`),
    one,
  );
  assert.equal(
    several(4, () => 'a'),
    undefined,
    'two thirds of the zone',
  );
});

test('a StatefulSet stays bound to its node: no replacement and no recovery are promised', () => {
  assert.deepEqual(Object.keys(windows({ timers: DB, hit: ['db'] })), ['node noticed down']);
  const both = predict(situation({ timers: { ...DB, ...VOTE }, hit: ['db', 'vote'] }));
  assert.deepEqual(
    both.map(({ moment, of }) => [moment, of]),
    [
      ['node noticed down', ['w1']],
      ['replacement running', ['vote']],
    ],
  );
});

test("an eviction is replaced at once, a StatefulSet's pod after its grace at the latest", () => {
  const fault = 'pod-eviction';
  assert.deepEqual(windows({ fault, timers: VOTE })['replacement running'], [300, 9_000]);
  assert.deepEqual(windows({ fault, timers: DB, hit: ['db'] })['replacement running'], [300, 39_000]);
  assert.deepEqual(windows({ fault: 'node-drain', timers: VOTE })['replacement running'], [300, 9_000]);
  assert.deepEqual(windows({ fault, timers: VOTE, chosen: { expect: 'blocked' } }), {});
});

test('without a quorum nothing is promised; faults that no timer bounds have no window', () => {
  const lost = situation({ targetNode: 'c1' });
  assert.deepEqual(
    predict({ ...lost, inspection: { ...lost.inspection, quorum: { managers: 1, reachable: 1, needed: 1 } } }),
    [],
  );
  assert.deepEqual(windows({ fault: 'member-pause' }), {});
});

test('a node that serves on, unheard, is noticed, and no more is foretold', () => {
  const cut = windows({ fault: 'node-partition', chosen: { from: 'control-plane' } });
  assert.deepEqual(Object.keys(cut), ['node noticed down']);
  assert.deepEqual(windows({ fault: 'kubelet-stop' }), cut);
  for (const from of ['users', 'peers']) assert.deepEqual(windows({ fault: 'node-partition', chosen: { from } }), {});
});

test('a member that is deleted moves, one that crashes is started again in its place', () => {
  const deleted = windows({ fault: 'member-kill', timers: VOTE, chosen: { grace: 0 } });
  assert.deepEqual(deleted, windows({ fault: 'pod-eviction', timers: VOTE }));
  assert.notDeepEqual(deleted, windows({ fault: 'member-kill', timers: VOTE }));
});
