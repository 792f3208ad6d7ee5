/** A member's container, by the word of its own node. */
import type { Member, MemberCondition } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { ApiError, unlessGone } from '../api/api-error.ts';
import { isTrue, type KubeList, type KubeNode, NODES, PODS, type Pod } from '../api/objects.ts';
import { livesOf, mainStatus, parseMemberId, shortUid } from './members.ts';

const NODE_TIMEOUT = 3_000;

/** The member's pod as the API has it, in whatever life it is; undefined when it is gone. */
export async function podOf(api: Api, namespace: string, member: string): Promise<Pod | undefined> {
  const { pod, uid } = parseMemberId(member);
  const found = await unlessGone(api.read<Pod>(PODS, { namespace, name: pod }));
  return found && shortUid(found) === uid ? found : undefined;
}

/** What Kubernetes calls `containerd://4f…`, without the runtime's name; undefined before it runs. */
export function containerId(pod: Pod): string | undefined {
  return mainStatus(pod)?.containerID?.replace(/^.*:\/\//, '') || undefined;
}

/** Running or gone, as kubelet and its runtime have it; where they may not be asked, as the API has it of a node that is ready. */
export async function conditionByNode(api: Api, namespace: string, member: Member): Promise<MemberCondition> {
  const { pod: name, uid, life } = parseMemberId(member.id);
  const isIt = (pod: Pod) => pod.metadata.name === name && shortUid(pod) === uid;
  const pods = await podsOnNode(api, member.node, 'pods');
  if (pods) {
    const found = pods.find(isIt);
    if (found) return conditionOfPod(found, life);
    // A pod that was deleted at once is off kubelet's list while its containers are still being ended. Its runtime knows.
    const running = await podsOnNode(api, member.node, 'runningpods/');
    if (!running) return 'unknown';
    return running.some(isIt) ? 'running' : 'gone';
  }
  const [node, found] = await Promise.all([
    unlessGone(api.read<KubeNode>(NODES, { name: member.node })),
    podOf(api, namespace, member.id),
  ]);
  if (!node || !isTrue(node, 'Ready')) return 'unknown';
  return found ? conditionOfPod(found, life) : 'gone';
}

export function conditionOfPod(pod: Pod, life: number): MemberCondition {
  return livesOf(pod) === life && mainStatus(pod)?.state?.running ? 'running' : 'gone';
}

/** kubelet's own list, or its runtime's, through the API; undefined when it does not answer or may not be asked. */
async function podsOnNode(api: Api, node: string, list: 'pods' | 'runningpods/'): Promise<Pod[] | undefined> {
  try {
    const { items } = await api.get<KubeList<Pod>>(kubeletPath(node, list), { patience: 0, timeout: NODE_TIMEOUT });
    return items ?? [];
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

export function kubeletPath(node: string, path: string): string {
  return `/api/v1/nodes/${encodeURIComponent(node)}/proxy/${path}`;
}
