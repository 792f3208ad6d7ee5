import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meaningOf } from '../../faults/meaning.ts';
import type { Target, Timer } from '../platform.ts';
import type { Situation } from '../prediction.ts';
import { predictProxmox } from './predict.ts';
import { timersOf } from './timers.ts';

interface Options {
  node?: string;
  fault?: string;
  replicas?: number;
  nodes?: number;
  timers?: Timer[];
  hit?: string[];
  policy?: string;
  /** The fault's. */
  options?: object;
}

function situation({
  node = 'pve1',
  fault = 'node-kill',
  replicas = 1,
  nodes = 3,
  timers,
  hit = ['vote'],
  policy = 'conditional (default)',
  options = {},
}: Options): Situation {
  const member = { id: '7001/12', service: 'vote', node, state: 'running' as const, ready: true };
  const target: Target =
    fault === 'member-kill' ? { kind: 'member', member, node, why: '' } : { kind: 'node', node, why: '' };
  return {
    inspection: {
      platform: 'proxmox',
      versions: { 'ha.shutdown_policy': policy },
      nodes: Array.from({ length: nodes }, (_, index) => ({
        name: `pve${index + 1}`,
        role: 'manager',
        leader: index === 1,
        ready: true,
        schedulable: true,
        address: '',
        labels: {},
      })),
      quorum: { managers: nodes, reachable: nodes, needed: Math.floor(nodes / 2) + 1 },
      timers: timers ?? timersOf(nodes),
    },
    meaning: meaningOf({ fault, options }),
    targets: [target],
    services: { vote: replicas },
    hit: Object.fromEntries(hit.map((service) => [service, 1])),
  };
}

const windows = (options: Options) =>
  Object.fromEntries(
    predictProxmox(situation(options)).map(({ moment, window }) => [moment, [window.from, window.to]]),
  );

test("a node's death: noticed by corosync, its only guest started elsewhere once its lock has run out", () => {
  assert.deepEqual(windows({}), {
    'node noticed down': [6375, 7875],
    'replacement running': [120_000, 151_000],
    'users served again': [0, 212_000],
  });
});

test("the master's death costs most of a minute more", () => {
  const { 'replacement running': other } = windows({});
  const { 'replacement running': master, 'new leader': leader } = windows({ node: 'pve2' });
  assert.deepEqual(leader, [110_000, 131_000]);
  assert.deepEqual(master, [169_000, 211_000]);
  assert.ok(master![0]! - other![0]! >= 49_000 && master![1]! - other![1]! <= 60_000);
});

test('users of replicas wait for the entry alone, which no timer tells', () => {
  assert.deepEqual(Object.keys(windows({ replicas: 2 })), ['node noticed down', 'replacement running']);
});

test('what is no HA resource is not recovered, nor anything without a majority', () => {
  const timers: Timer[] = [...timersOf(3), { name: 'ha.none.vote', ms: 0, source: 'read' }];
  assert.deepEqual(Object.keys(windows({ timers })), ['node noticed down']);
  assert.deepEqual(windows({ timers, fault: 'member-kill' }), {});
  assert.deepEqual(windows({ nodes: 2 }), {});
});

test('a killed guest is started again in place, a drained one moves alive', () => {
  assert.deepEqual(windows({ fault: 'member-kill' })['replacement running'], [0, 20_000]);
  assert.deepEqual(windows({ fault: 'node-drain' }), { 'replacement running': [500, 100_000] });
  assert.deepEqual(windows({ fault: 'member-pause' }), {});
});

test('maintenance moves no guest that HA does not look after', () => {
  const timers = [...timersOf(3), { name: 'ha.none.vote', ms: 0, source: 'assumed' as const }];
  assert.deepEqual(windows({ fault: 'node-drain', timers }), {});
});

test('a node that is cut off resets itself, long before anybody may start its guests elsewhere', () => {
  const { 'node reset': reset, ...others } = windows({ fault: 'node-partition' });
  assert.deepEqual(reset, [56_375, 77_875]);
  assert.deepEqual(others, windows({}));
  assert.ok(reset![1]! < others['replacement running']![0]!);
});

test("a shutdown in good order: the policy tells, the fault's before the cluster's own", () => {
  const shutdown = { fault: 'node-shutdown' };
  assert.deepEqual(windows(shutdown), {
    'node noticed down': [0, 110_000],
    'replacement running': [50_000, 181_000],
    'users served again': [0, 242_000],
  });
  assert.deepEqual(windows({ ...shutdown, policy: 'failover' }), windows(shutdown));
  assert.deepEqual(Object.keys(windows({ ...shutdown, policy: 'freeze' })), ['node noticed down']);
  assert.deepEqual(windows({ ...shutdown, options: { policy: 'migrate' } }), { 'replacement running': [500, 100_000] });
  assert.deepEqual(windows({ ...shutdown, node: 'pve2' })['replacement running'], [59_000, 201_000]);
});

test('without the timers nothing is predicted', () => {
  assert.deepEqual(windows({ timers: [] }), {});
});
