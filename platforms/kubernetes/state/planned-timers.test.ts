import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedTimers } from './planned-timers.ts';

const workload = (kind: string, name: string, spec = '') => `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name} }
spec:
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      ${spec}
      containers: [{ name: a, image: x, readinessProbe: { periodSeconds: 2 } }]
`;

const timersOf = (...manifests: string[]) => {
  const services = plannedTimers(manifests.join('---'), [{ name: 'toleration', ms: 300_000, source: 'assumed' }]);
  assert.equal(services.pop()?.name, 'toleration');
  return Object.fromEntries(services.map(({ name, ms }) => [name, ms]));
};

test('a manifest tells the timers that its pods will have', () => {
  const own = 'tolerations: [{ key: node.kubernetes.io/unreachable, operator: Exists, tolerationSeconds: 5 }]';
  assert.deepEqual(timersOf(workload('Deployment', 'vote', own), workload('Deployment', 'result')), {
    'toleration.vote': 5000,
    'probe.period.vote': 2000,
    'grace.vote': 30_000,
    'toleration.result': 300_000,
    'probe.period.result': 2000,
    'grace.result': 30_000,
  });
});

test('what stays bound to its node has no time after which it is replaced', () => {
  const timers = timersOf(
    workload('StatefulSet', 'db'),
    workload('DaemonSet', 'agent'),
    workload('Deployment', 'stoic', 'tolerations: [{ operator: Exists }]'),
  );
  assert.deepEqual(
    Object.keys(timers).filter((name) => name.startsWith('toleration')),
    [],
  );
  assert.equal(timers['grace.stoic'], 30_000, 'it is known all the same');
});

test('objects that make no pods are passed over', () => {
  assert.deepEqual(
    timersOf(workload('CronJob', 'nightly'), '\napiVersion: v1\nkind: Service\nmetadata: { name: vote }\n'),
    {},
  );
});
