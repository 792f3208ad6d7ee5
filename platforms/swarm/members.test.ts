import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SwarmNode, SwarmService, SwarmTask } from './api.ts';
import { toNode } from './inspect.ts';
import { toMembers } from './members.ts';

const node = (OS?: string): SwarmNode => ({
  ID: 'n1',
  Version: { Index: 1 },
  Spec: { Role: 'worker', Availability: 'active' },
  Description: { Hostname: 'w1', ...(OS ? { Platform: { OS } } : {}) },
  Status: { State: 'ready', Addr: '10.0.0.1' },
});

test('a node that does not run Linux is no target, and takes no members', () => {
  assert.deepEqual([toNode(node('linux')).unfit, toNode(node()).unfit], [undefined, undefined]);
  const windows = toNode(node('windows'));
  assert.match(windows.unfit!, /its system is windows/);
  assert.equal(windows.schedulable, false);
});

test('a task of a job is no member: it comes to an end by itself', () => {
  const service = (Mode: SwarmService['Spec']['Mode']): SwarmService => ({
    ID: 's1',
    Version: { Index: 1 },
    Spec: { Name: 'x_vote', TaskTemplate: {}, Mode },
  });
  const task: SwarmTask = {
    ID: 't1',
    ServiceID: 's1',
    NodeID: 'n1',
    CreatedAt: '',
    DesiredState: 'complete',
    Status: { Timestamp: '', State: 'running' },
    Spec: {},
  };
  const services = (mode: SwarmService['Spec']['Mode']) =>
    toMembers('x', { nodes: [node()], services: [service(mode)], tasks: [task] }).map((member) => member.service);
  assert.deepEqual([services({ Replicated: {} }), services({ Global: {} })], [['vote'], ['vote']]);
  assert.deepEqual([services({ ReplicatedJob: {} }), services({ GlobalJob: {} })], [[], []]);
});
