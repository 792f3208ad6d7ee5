import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease, Pod } from '../api/objects.ts';
import { clusterTimers, durationOf, serviceTimers } from './timers.ts';

const component = (name: string, ...command: string[]): Pod => ({
  metadata: { name, labels: { component: name } },
  spec: { containers: [{ name, image: 'x', command: [name, ...command] }] },
  status: {},
});
const lease = (seconds: number): Lease => ({ metadata: { name: 'l' }, spec: { leaseDurationSeconds: seconds } });

const timersOf = (facts: Partial<Parameters<typeof clusterTimers>[0]>) =>
  Object.fromEntries(
    clusterTimers({ version: 'v1.36.3', control: [], leaderLease: undefined, nodeLease: undefined, ...facts }).map(
      ({ name, ms, source }) => [name, `${ms} ${source}`],
    ),
  );

test('what cannot be read has its documented default, and is said to be assumed', () => {
  const timers = timersOf({});
  assert.equal(timers['node.monitor.grace'], '50000 assumed');
  assert.equal(timers['node.lease'], '10000 assumed');
  assert.equal(timers.toleration, '300000 assumed');
  assert.equal(timersOf({ version: 'v1.31.9' })['node.monitor.grace'], '40000 assumed');
});

test('flags and leases are read; a flag that is not given has its default for certain', () => {
  const timers = timersOf({
    control: [
      component('kube-controller-manager', '--node-monitor-grace-period=5s', '--node-eviction-rate=10'),
      component('kube-apiserver', '--default-unreachable-toleration-seconds=0'),
    ],
    nodeLease: lease(4),
    leaderLease: lease(15),
  });
  assert.equal(timers['node.monitor.grace'], '5000 read');
  assert.equal(timers['node.monitor.period'], '5000 read');
  assert.equal(timers['node.lease'], '1000 read');
  assert.equal(timers['eviction.interval'], '100 read');
  assert.equal(timers['leader.lease'], '15000 read');
  assert.equal(timers.toleration, '0 read');
});

test("Go's durations", () => {
  const texts: [string, number | undefined][] = [
    ['5s', 5000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['1.5s', 1500],
    ['', undefined],
    ['5', undefined],
    ['5 s', undefined],
    ['s', undefined],
  ];
  for (const [text, ms] of texts) assert.equal(durationOf(text), ms, text);
});

test('services tell their probes, grace and tolerations; a StatefulSet is never replaced by time', () => {
  const pod = (kind: string, service: string): Pod => ({
    metadata: { name: service, labels: { app: service }, ownerReferences: [{ kind, name: service }] },
    spec: {
      containers: [{ name: 'a', image: 'x', ...(service === 'vote' ? { readinessProbe: { periodSeconds: 2 } } : {}) }],
      terminationGracePeriodSeconds: 7,
      tolerations: [{ key: 'node.kubernetes.io/unreachable', tolerationSeconds: 5 }],
    },
    status: {},
  });
  const timers = serviceTimers([pod('ReplicaSet', 'vote'), pod('StatefulSet', 'db')]);
  assert.deepEqual(
    timers.map(({ name, ms }) => `${name} ${ms}`),
    ['toleration.vote 5000', 'probe.period.vote 2000', 'grace.vote 7000', 'probe.period.db 0', 'grace.db 7000'],
  );
});
