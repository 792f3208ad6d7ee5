import type { Node } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { isTrue, type KubeNode, NODES } from '../api/objects.ts';

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

export function isControlPlane({ metadata: { labels = {} } }: KubeNode): boolean {
  return CONTROL_PLANE.some((label) => label in labels);
}

/** Names of the nodes that the control plane hears of. */
export async function nodesThatAnswer(api: Api): Promise<Set<string>> {
  const { items } = await api.list<KubeNode>(NODES, {}, { resourceVersion: 0 });
  return new Set(items.filter((node) => isTrue(node, 'Ready')).map(({ metadata }) => metadata.name));
}

/** The scheduler would place an ordinary pod of Linux on it. */
export function takesMembers(node: KubeNode): boolean {
  return (
    unfitness(node).unfit === undefined &&
    !node.spec.unschedulable &&
    !node.spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule')
  );
}

/** Clouds whose networks give pods addresses like those of machines. */
const CLOUD_ADDRESSED = /^(aws|azure):/;

/** @param leader the node where the controllers run that notice dead nodes and replace their pods */
export function toNode(node: KubeNode, leader: string | undefined): Node {
  const { name, labels = {} } = node.metadata;
  const addresses = (type: string) =>
    (node.status.addresses ?? []).filter((each) => each.type === type).map((each) => each.address);
  const [address, ...further] = addresses('InternalIP');
  const { podCIDRs = [], providerID = '' } = node.spec;
  const networks = [...further, ...podCIDRs];
  return {
    name,
    role: isControlPlane(node) ? 'manager' : 'worker',
    leader: name === leader,
    ready: isTrue(node, 'Ready'),
    schedulable: takesMembers(node),
    address: address ?? addresses('Hostname')[0] ?? '',
    ...(networks.length > 0 ? { networks } : {}),
    ...(podCIDRs.length === 0 && CLOUD_ADDRESSED.test(providerID) ? { cloudAddressed: true } : {}),
    labels,
    ...unfitness(node),
  };
}

/** What faults run on nodes are Linux programs, beside the node's own: there must be such a node. */
function unfitness({ metadata: { labels = {} }, spec, status }: KubeNode): { unfit?: string } {
  const os = labels['kubernetes.io/os'] ?? labels['beta.kubernetes.io/os'] ?? status.nodeInfo?.operatingSystem;
  if (os !== undefined && os !== 'linux')
    return { unfit: `its system is ${os}, and what faults run on nodes is for Linux` };
  const isVirtual =
    labels.type === 'virtual-kubelet' ||
    labels['eks.amazonaws.com/compute-type'] === 'fargate' ||
    spec.taints?.some(({ key }) => key === 'virtual-kubelet.io/provider');
  return isVirtual ? { unfit: 'it is no machine: its pods run as a service of a cloud' } : {};
}
