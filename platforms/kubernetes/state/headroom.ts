/** What is left on a node: what kubelet would still give before it evicts, and what the scheduler would still promise. */
import type { Api } from '../api/api.ts';
import { isTrue, type KubeNode, NODES, PODS, type Pod, RUN_LABEL } from '../api/objects.ts';
import { quantityOf } from '../api/quantity.ts';
import { kubeletPath } from './containers.ts';

/** CPUs and bytes. */
interface Amount {
  cpu: number;
  memory: number;
}

export interface Headroom {
  /** The conditions of the node that are true: MemoryPressure, DiskPressure, PIDPressure. */
  pressure: string[];
  /** Bytes that may still be used before kubelet evicts for want of them. */
  memory: number;
  disk: number;
  /** What no pod on the node has asked for. */
  free: Amount;
  /** What the pods of a namespace on this node have asked for. */
  asked: Amount;
  /** Pods on the node that are not the suite's and that could be pushed aside, as `namespace/name`. */
  others: string[];
}

interface Usage {
  availableBytes?: number;
  capacityBytes?: number;
}

interface Summary {
  node: {
    memory?: Usage;
    fs?: Usage;
    systemContainers?: { name: string; memory?: Usage }[];
  };
}

interface Asking {
  containers: { resources?: { requests?: { cpu?: string; memory?: string } } }[];
  priority?: number;
}

interface Configz {
  kubeletconfig?: { evictionHard?: Record<string, string> };
}

const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];
/** kubelet's defaults. */
const MEMORY_THRESHOLD = '100Mi';
const DISK_THRESHOLD = '10%';
const TIMEOUT = 10_000;
/** Classes of the cluster's own begin here (system-cluster-critical): they are pushed aside by nobody. */
const CRITICAL = 2_000_000_000;

/** @param namespace whose pods' requests are wanted too */
export async function headroomOn(api: Api, name: string, namespace: string): Promise<Headroom> {
  const kubelet = <T>(path: string) => api.get<T>(kubeletPath(name, path), { timeout: TIMEOUT });
  const [node, { items: pods }, { node: used }, { kubeletconfig }] = await Promise.all([
    api.read<KubeNode & { status: { allocatable: Record<string, string> } }>(NODES, { name }),
    api.list<Pod>(PODS, {}, { fieldSelector: `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed` }),
    kubelet<Summary>('stats/summary'),
    kubelet<Configz>('configz'),
  ]);
  const { 'memory.available': memory = MEMORY_THRESHOLD, 'nodefs.available': disk = DISK_THRESHOLD } =
    kubeletconfig?.evictionHard ?? {};
  const asked = requestsOf(pods);
  const { allocatable } = node.status;
  return {
    pressure: PRESSURES.filter((type) => isTrue(node, type)),
    memory: Math.min(
      ...[used.memory, used.systemContainers?.find((each) => each.name === 'pods')?.memory].flatMap(
        (usage) => above(usage, memory) ?? [],
      ),
    ),
    disk: above(used.fs, disk) ?? 0,
    free: {
      cpu: quantityOf(allocatable.cpu ?? '0') - asked.cpu,
      memory: quantityOf(allocatable.memory ?? '0') - asked.memory,
    },
    asked: requestsOf(pods.filter(({ metadata }) => metadata.namespace === namespace)),
    others: pods.filter(isPushable).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  };
}

function isPushable({ metadata, spec }: Pod): boolean {
  return metadata.labels?.[RUN_LABEL] === undefined && ((spec as unknown as Asking).priority ?? 0) < CRITICAL;
}

/** What is available above the threshold, in bytes; a threshold may be a share of the capacity. */
function above(usage: Usage | undefined, threshold: string): number | undefined {
  if (usage?.availableBytes === undefined) return undefined;
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(threshold) ?? [];
  const kept = percent === undefined ? quantityOf(threshold) : ((usage.capacityBytes ?? 0) * Number(percent)) / 100;
  return usage.availableBytes - kept;
}

function requestsOf(pods: Pod[]): Amount {
  const requests = pods.flatMap(({ spec }) =>
    (spec as unknown as Asking).containers.map(({ resources }) => resources?.requests ?? {}),
  );
  return {
    cpu: requests.reduce((sum, { cpu = '0' }) => sum + quantityOf(cpu), 0),
    memory: requests.reduce((sum, { memory = '0' }) => sum + quantityOf(memory), 0),
  };
}
