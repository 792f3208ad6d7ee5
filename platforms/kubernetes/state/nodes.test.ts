import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeNode } from '../api/objects.ts';
import { nodeOfHost } from './inspect.ts';
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

describe("a node's addresses", () => {
  const addressed = (spec: KubeNode['spec'], ...addresses: string[]) =>
    toNode(
      {
        metadata: { name: 'n1' },
        spec,
        status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
      },
      undefined,
    );

  it('are all of its own, and those of its pods', () => {
    const { address, networks } = addressed({ podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] }, '10.0.0.1', 'fd00::1');
    assert.deepEqual([address, networks], ['10.0.0.1', ['fd00::1', '10.244.1.0/24', 'fd00:1::/64']]);
    assert.equal(addressed({}, '10.0.0.1').networks, undefined);
  });

  it('do not tell those of its pods where a cloud gives them', () => {
    assert.equal(addressed({ providerID: 'aws:///eu-central-1a/i-0123' }, '10.0.0.1').cloudAddressed, true);
    const routed = { providerID: 'gce://project/zone/node', podCIDRs: ['10.8.0.0/24'] };
    assert.equal(addressed(routed, '10.0.0.1').cloudAddressed, undefined);
    assert.equal(addressed({ providerID: 'kind://docker/a/b' }, '10.0.0.1').cloudAddressed, undefined);
  });
});

describe('the node of a host', () => {
  const named = (name: string, hostname: string, address: string): KubeNode => ({
    metadata: { name, labels: { 'kubernetes.io/hostname': hostname } },
    spec: {},
    status: { addresses: [{ type: 'Hostname', address }] },
  });
  const nodes = [named('cp1.eu.internal', 'cp1', 'cp1.eu'), named('cp2.eu.internal', 'cp2', 'cp2.eu')];

  it('is found by its name, its label or its address, however it is written', () => {
    for (const host of ['cp2.eu.internal', 'cp2', 'CP2.eu']) assert.equal(nodeOfHost(nodes, host), 'cp2.eu.internal');
  });

  it('is not known where none fits', () => {
    assert.equal(nodeOfHost(nodes, 'cp3'), undefined);
    assert.equal(nodeOfHost(nodes, undefined), undefined);
  });
});
