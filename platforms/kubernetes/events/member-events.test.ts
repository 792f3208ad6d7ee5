import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlatformEvent } from '../../platform.ts';
import type { ContainerStatus, Pod } from '../api/objects.ts';
import { MemberEvents } from './member-events.ts';

interface Shape {
  uid?: string;
  node?: string;
  restarts?: number;
  state?: ContainerStatus['state'];
  last?: ContainerStatus['lastState'];
  ready?: boolean;
  stopping?: boolean;
  phase?: Pod['status']['phase'];
  owner?: string;
}

const pod = ({
  uid = '11111111',
  node,
  restarts = 0,
  state,
  last,
  ready = false,
  stopping,
  phase = 'Running',
  owner = 'ReplicaSet',
}: Shape): Pod => ({
  metadata: {
    name: 'vote-1',
    uid,
    labels: { app: 'vote' },
    ownerReferences: [{ kind: owner, name: 'vote', controller: true }],
    ...(stopping ? { deletionTimestamp: '2026-01-01T00:00:30Z' } : {}),
  },
  spec: { containers: [{ name: 'vote', image: 'x' }], ...(node ? { nodeName: node } : {}) },
  status: {
    phase,
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:05Z' }],
    containerStatuses: [
      { name: 'vote', restartCount: restarts, ...(state ? { state } : {}), ...(last ? { lastState: last } : {}) },
    ],
  },
});

/** What is reported of a pod that goes through these shapes; `first` is the state before. */
function story(shapes: Shape[], { first = false, late = false } = {}): PlatformEvent[] {
  const reported: PlatformEvent[] = [];
  const events = new MemberEvents((event) => reported.push(event));
  for (const [index, shape] of shapes.entries()) events.seen(pod(shape), { first: first && index === 0, late });
  return reported;
}
const kinds = (events: PlatformEvent[]) => events.map(({ kind, member }) => `${kind} ${member}`);

const running = { running: { startedAt: '2026-01-01T00:00:02Z' } };
const dead = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:00:10Z' } };

describe('the events of a member', () => {
  it('tells each step of its life once, however often it is seen', () => {
    const life: Shape[] = [
      { phase: 'Pending' },
      { phase: 'Pending', node: 'w1' },
      { node: 'w1', state: running },
      { node: 'w1', state: running, ready: true },
      { node: 'w1', state: running, ready: true },
      { node: 'w1', state: running, ready: true, stopping: true },
      { node: 'w1', state: { terminated: { exitCode: 0, reason: 'Completed' } }, stopping: true },
    ];
    const id = 'vote-1:11111111';
    assert.deepEqual(kinds(story(life)), [
      `other ${id}`,
      `member-scheduled ${id}`,
      `member-started ${id}`,
      `member-ready ${id}`,
      `other ${id}`,
      `member-stopped ${id}`,
    ]);
  });

  it('tells nothing of a Job, whose pods are no members', () => {
    const owner = 'Job';
    assert.deepEqual(
      story([
        { owner, phase: 'Pending' },
        { owner, node: 'w1', state: running, ready: true },
        { owner, phase: 'Succeeded' },
      ]),
      [],
    );
  });

  it('tells nothing of the state before', () => {
    assert.deepEqual(story([{ node: 'w1', state: running, ready: true }], { first: true }), []);
  });

  it('tells of a container that is started again as of another member', () => {
    const before = { node: 'w1', state: running, ready: true };
    const again = { node: 'w1', restarts: 1, state: running, last: dead };
    const crashed = [before, again, { ...again, ready: true }];
    const expected = [
      'member-failed vote-1:11111111',
      'member-scheduled vote-1:11111111#1',
      'member-started vote-1:11111111#1',
      'member-ready vote-1:11111111#1',
    ];
    const reported = story(crashed, { first: true });
    assert.deepEqual(kinds(reported), expected);
    assert.match(reported[0]!.text, /OOMKilled, exit 137/);
    // Its death may have been seen by itself, before the restart.
    assert.deepEqual(
      kinds(story([before, { node: 'w1', state: dead }, ...crashed.slice(1)], { first: true })),
      expected,
    );
  });

  it("tells the end of a StatefulSet's old pod when only the new one of that name is seen", () => {
    const reported = story(
      [
        { node: 'w1', state: running, ready: true },
        { uid: '22222222', node: 'w2' },
      ],
      { first: true },
    );
    assert.deepEqual(kinds(reported), ['member-stopped vote-1:11111111', 'member-scheduled vote-1:22222222']);
  });

  it('gives the time of the platform only where the events is late', () => {
    const shapes: Shape[] = [
      { node: 'w1', state: running },
      { node: 'w1', state: running, ready: true },
    ];
    assert.equal(story(shapes, { first: true })[0]!.wall, undefined);
    assert.equal(story(shapes, { first: true, late: true })[0]!.wall, Date.parse('2026-01-01T00:00:05Z'));
  });

  it('tells that it is gone', () => {
    const reported: PlatformEvent[] = [];
    const events = new MemberEvents((event) => reported.push(event));
    events.seen(pod({ node: 'w1', state: running }), { first: true, late: false });
    events.gone('vote-1');
    events.gone('vote-1');
    assert.deepEqual(kinds(reported), ['member-stopped vote-1:11111111']);
  });
});
