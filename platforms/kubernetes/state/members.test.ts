import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ContainerStatus, Pod } from '../api/objects.ts';
import { complaintOf, memberId, parseMemberId, toMember } from './members.ts';

const UID = '1f3e9c2a-0000-4000-8000-000000000000';

function pod(
  changes: {
    status?: Pod['status'];
    spec?: Partial<Pod['spec']>;
    container?: Partial<ContainerStatus>;
    metadata?: object;
  } = {},
): Pod {
  const container = { name: 'main', restartCount: 0, state: { running: {} }, ...changes.container };
  return {
    metadata: {
      name: 'vote-1',
      namespace: 'ns',
      uid: UID,
      labels: { app: 'vote' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'vote', controller: true }],
      ...changes.metadata,
    },
    spec: {
      ...changes.spec,
      nodeName: 'w1',
      containers: [
        { name: 'main', image: 'x' },
        { name: 'side', image: 'y' },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'side', restartCount: 0, state: { running: {} } }, container],
      ...changes.status,
    },
  };
}

describe('a pod as a member', () => {
  it('is running and ready', () => {
    assert.deepEqual(toMember(pod()), {
      id: 'vote-1:1f3e9c2a',
      namespace: 'ns',
      service: 'vote',
      node: 'w1',
      state: 'running',
      ready: true,
      instance: 'vote-1',
    });
  });

  it('is another after each restart of a container', () => {
    assert.equal(memberId(pod({ container: { restartCount: 2 } })), 'vote-1:1f3e9c2a#2');
  });

  it('has the state that its main container tells, and is only ready when it runs', () => {
    const state = (changes: Parameters<typeof pod>[0]) => {
      const member = toMember(pod(changes));
      return member && [member.state, member.ready];
    };
    assert.deepEqual(state({ container: { state: { waiting: { reason: 'ContainerCreating' } } } }), [
      'starting',
      false,
    ]);
    assert.deepEqual(state({ container: { state: { waiting: { reason: 'CrashLoopBackOff' } } } }), ['failed', false]);
    assert.deepEqual(state({ container: { state: { terminated: { exitCode: 1 } } } }), ['failed', false]);
    assert.deepEqual(state({ metadata: { deletionTimestamp: 'now' } }), ['stopping', false]);
    assert.deepEqual(state({ status: { phase: 'Pending', containerStatuses: [] } }), ['starting', false]);
    assert.equal(state({ status: { phase: 'Succeeded' } }), undefined);
    assert.equal(state({ status: { phase: 'Failed' } }), undefined);
  });

  it('belongs to a service by its label, or to none', () => {
    assert.equal(toMember(pod({ metadata: { labels: { 'app.kubernetes.io/name': 'db' } } }))?.service, 'db');
    assert.equal(toMember(pod({ metadata: { labels: undefined } })), undefined);
  });

  it('is kept by a controller that makes another: no Job, no pod by itself, no static pod', () => {
    const owned = (kind: string, spec?: Partial<Pod['spec']>) =>
      toMember(
        pod({ metadata: { ownerReferences: [{ kind, name: 'x', controller: true }] }, ...(spec ? { spec } : {}) }),
      );
    for (const kind of ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController', 'CloneSet']) {
      assert.ok(owned(kind, { restartPolicy: 'Always' }), kind);
    }
    assert.equal(owned('Job', { restartPolicy: 'OnFailure' }), undefined);
    assert.equal(owned('Workflow', { restartPolicy: 'Never' }), undefined, 'it comes to an end by itself');
    assert.equal(owned('Node', { restartPolicy: 'Always' }), undefined, "kubelet's own");
    assert.equal(toMember(pod({ metadata: { ownerReferences: undefined } })), undefined);
    const other = [{ kind: 'ReplicaSet', name: 'x', controller: false }];
    assert.equal(toMember(pod({ metadata: { ownerReferences: other } })), undefined, 'an owner that is no controller');
    const labels = { app: 'noise-1', 'brownout.neighbour': 'noise-1' };
    assert.ok(toMember(pod({ metadata: { ownerReferences: undefined, labels } })), 'a neighbour of the suite');
  });

  it('says what it complains of', () => {
    const waiting = { reason: 'ErrImageNeverPull', message: 'not present' };
    assert.equal(complaintOf(pod({ container: { state: { waiting } } })), 'ErrImageNeverPull: not present');
    const conditions = [{ type: 'PodScheduled', status: 'False' as const, message: '0/4 nodes are available' }];
    assert.equal(complaintOf(pod({ status: { conditions } })), '0/4 nodes are available');
    assert.equal(complaintOf(pod()), undefined);
  });
});

it("a member's id is read back as it was written", () => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,40}[a-z0-9])?$/);
  fc.assert(
    fc.property(name, fc.nat(1000), (pod1, life) => {
      const id = memberId(pod({ metadata: { name: pod1 }, container: { restartCount: life } }));
      assert.deepEqual(parseMemberId(id), { pod: pod1, uid: '1f3e9c2a', life });
    }),
  );
  for (const text of ['', 'vote', 'vote:1', 'vote:1f3e9c2a#', 'a/b:1f3e9c2a', 'vote:1f3e9c2a#1#2']) {
    assert.throws(() => parseMemberId(text), /is not a member's id/, text);
  }
});
