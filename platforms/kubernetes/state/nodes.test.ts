import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeNode } from '../api/objects.ts';
import { toNode } from './nodes.ts';

const node = (labels: Record<string, string>, taints: KubeNode['spec']['taints'] = [], operatingSystem?: string) =>
  toNode(
    {
      metadata: { name: 'n1', labels },
      spec: { taints },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        ...(operatingSystem ? { nodeInfo: { operatingSystem } } : {}),
      },
    },
    undefined,
  ).unfit;

describe('a node at which faults are aimed', () => {
  it('is one that runs Linux', () => {
    assert.equal(node({ 'kubernetes.io/os': 'linux' }), undefined);
    assert.equal(node({}), undefined);
    assert.match(node({ 'kubernetes.io/os': 'windows' })!, /its system is windows/);
    assert.match(node({ 'beta.kubernetes.io/os': 'windows' })!, /its system is windows/);
    assert.match(node({}, [], 'windows')!, /its system is windows/);
  });

  it('is a machine', () => {
    assert.match(node({ 'kubernetes.io/os': 'linux', type: 'virtual-kubelet' })!, /no machine/);
    assert.match(node({ 'eks.amazonaws.com/compute-type': 'fargate' })!, /no machine/);
    assert.match(
      node({}, [{ key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' }])!,
      /no machine/,
    );
  });
});
