import { manifestOf, neighbourPod } from '../neighbour/pod.ts';
import { type Limits, type Noise, noiseCommand, noiseServices } from './noise.ts';

/**
 * Kubernetes' objects for one noisy pod on each node. Limits are not the pod's own: a tenant that takes what it can get sets
 * none. They are the namespace's (LimitRange), and for a flood its network's, which is closed to the outside: what whoever
 * runs the cluster can lay on a tenant.
 */
export function noisePods(noise: Noise): string {
  const { kind, nodes, image, limits, deadMan } = noise;
  return manifestOf([
    ...(limits && kind !== 'flood' && kind !== 'knock' ? [limitRange(limits)] : []),
    ...(limits && kind === 'flood' ? [NO_WAY_OUT] : []),
    ...[...noiseServices(nodes)].map(([node, name]) =>
      neighbourPod({ name, node, image, argv: noiseCommand(noise), deadMan, restart: 'OnFailure' }),
    ),
  ]);
}

function limitRange({ cpus, memory, disk }: Limits): object {
  const most = {
    ...(cpus === undefined ? {} : { cpu: String(cpus) }),
    ...(memory === undefined ? {} : { memory: String(Math.round(memory)) }),
    ...(disk === undefined ? {} : { 'ephemeral-storage': String(Math.round(disk)) }),
  };
  // Nothing is set aside for it either: without this its requests would be its limits, and the node might have no room.
  const requests = { cpu: '0', memory: '0', 'ephemeral-storage': '0' };
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'careful' },
    spec: { limits: [{ type: 'Container', default: most, defaultRequest: requests }] },
  };
}

const NO_WAY_OUT = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'no-way-out' },
  spec: { podSelector: {}, policyTypes: ['Egress'] },
};
