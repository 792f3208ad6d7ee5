import type { Inspection } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import {
  isTrue,
  type KubeNode,
  LEASES,
  type Lease,
  NODE_AGENT,
  NODES,
  PODS,
  type Pod,
  RUN_LABEL,
} from '../api/objects.ts';
import { isKept } from './members.ts';
import { isControlPlane, toNode } from './nodes.ts';
import { clusterTimers, serviceTimers } from './timers.ts';

export const SYSTEM = 'kube-system';
/** Held by the controllers that notice dead nodes and replace their pods. */
export const LEADER_LEASE = 'kube-controller-manager';

/**
 * A handful of requests, whatever the size of the cluster.
 *
 * @param allowed which namespaces are the suite's: the timers of the services there are reported too
 */
export async function inspectKubernetes(api: Api, allowed: (namespace: string) => boolean): Promise<Inspection> {
  const [{ items: nodes }, { gitVersion }, control, lease, own] = await Promise.all([
    // From the server's memory: a list that etcd need not be asked for.
    api.list<KubeNode>(NODES, {}, { resourceVersion: 0 }),
    api.get<{ gitVersion: string }>('/version'),
    api.list<Pod>(PODS, { namespace: SYSTEM }, { labelSelector: 'tier=control-plane' }),
    unlessGone(api.read<Lease>(LEASES, { namespace: SYSTEM, name: LEADER_LEASE })),
    api.list<Pod>(
      PODS,
      {},
      { labelSelector: `${RUN_LABEL},app!=${NODE_AGENT}`, fieldSelector: 'status.phase=Running' },
    ),
  ]);
  const planes = nodes.filter(isControlPlane);
  // A single control plane needs no election.
  const leader = planes.length === 1 ? planes[0]!.metadata.name : nodeOfHost(nodes, leaderOf(lease));
  const worker = nodes.find((node) => !isControlPlane(node) && isTrue(node, 'Ready')) ?? nodes[0];
  const nodeLease = await nodeLeaseOf(api, worker);
  const members = own.items.filter((pod) => isKept(pod) && allowed(pod.metadata.namespace ?? ''));
  return {
    platform: 'kubernetes',
    versions: versions(gitVersion, nodes),
    nodes: nodes.map((node) => toNode(node, leader)).sort((a, b) => a.name.localeCompare(b.name)),
    quorum: quorum(control.items, planes, nodes),
    timers: [
      ...clusterTimers({ version: gitVersion, control: control.items, leaderLease: lease, nodeLease }),
      ...serviceTimers(members),
    ],
  };
}

/** Which is how a node says that it lives; all nodes have theirs from the same configuration. */
async function nodeLeaseOf(api: Api, node: KubeNode | undefined): Promise<Lease | undefined> {
  return node && unlessGone(api.read<Lease>(LEASES, { namespace: 'kube-node-lease', name: node.metadata.name }));
}

/** The node of that host name: clouds name nodes otherwise, and host names may have capitals. */
export function nodeOfHost(nodes: readonly KubeNode[], host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const wanted = host.toLowerCase();
  const names = ({ metadata, status }: KubeNode) => [
    metadata.name,
    metadata.labels?.['kubernetes.io/hostname'],
    ...(status.addresses ?? []).filter(({ type }) => type === 'Hostname').map(({ address }) => address),
  ];
  return nodes.find((node) => names(node).some((name) => name?.toLowerCase() === wanted))?.metadata.name;
}

/** `c1_6f0c…`: the host name of its machine is before the underscore. */
export function leaderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec.holderIdentity?.split('_')[0] || undefined;
}

/** Each version there is, once: a node that lags behind shows. */
function versions(server: string, nodes: KubeNode[]): Record<string, string> {
  const each = (of: (info: NonNullable<KubeNode['status']['nodeInfo']>) => string | undefined) =>
    [...new Set(nodes.flatMap(({ status }) => (status.nodeInfo && of(status.nodeInfo)) || []))].sort().join(', ');
  return {
    kubernetes: server,
    kubelet: each(({ kubeletVersion }) => kubeletVersion),
    runtime: each(({ containerRuntimeVersion }) => containerRuntimeVersion),
    kernel: each(({ kernelVersion }) => kernelVersion),
    os: each(({ osImage }) => osImage),
  };
}

/** Members of etcd where they can be seen, else control planes. A control plane that somebody else runs has neither. */
function quorum(control: Pod[], planes: KubeNode[], nodes: KubeNode[]): Inspection['quorum'] {
  const etcd = control.filter(({ metadata }) => metadata.labels?.component === 'etcd');
  const ready = (name: string | undefined) =>
    nodes.some((node) => node.metadata.name === name && isTrue(node, 'Ready'));
  const [managers, reachable] =
    etcd.length > 0
      ? [etcd.length, etcd.filter((pod) => isTrue(pod, 'Ready') && ready(pod.spec.nodeName)).length]
      : [planes.length, planes.filter((node) => isTrue(node, 'Ready')).length];
  return { managers, reachable, needed: managers === 0 ? 0 : Math.floor(managers / 2) + 1 };
}
