import { OperatorError } from '../../../units/operator-error.ts';
import type { Member } from '../../platform.ts';
import { type ContainerStatus, conditionOf, isTrue, NEIGHBOUR_LABEL, type Pod } from '../api/objects.ts';

/**
 * A member is a pod in one of its lives. A container that crashes is started again in the same pod, and a StatefulSet gives
 * a new pod the name of the old one; in both cases the member that died is gone for good, and another stands in its place. So
 * its id is the pod's name, the beginning of its UID, and the number of the life: `redis-0:1f3e9c2a`, `redis-0:1f3e9c2a#1`.
 */
export interface MemberId {
  pod: string;
  uid: string;
  life: number;
}

const UID_LENGTH = 8;

export function memberId(pod: Pod): string {
  const life = livesOf(pod);
  return `${pod.metadata.name}:${shortUid(pod)}${life === 0 ? '' : `#${life}`}`;
}

/** Throws OperatorError for text that is no member's id. */
export function parseMemberId(id: string): MemberId {
  const [, pod, uid, life = '0'] = /^([a-z0-9.-]+):([0-9a-f-]{8})(?:#(\d+))?$/.exec(id) ?? [];
  if (pod === undefined || uid === undefined) {
    throw new OperatorError(`'${id}' is not a member's id`, { hint: 'expected POD:UID or POD:UID#LIFE' });
  }
  return { pod, uid, life: Number(life) };
}

export const shortUid = ({ metadata }: Pod) => (metadata.uid ?? '').slice(0, UID_LENGTH);

/** How often the container that the pod is about was started again; those beside it make no other member. */
export function livesOf(pod: Pod): number {
  return mainStatus(pod)?.restartCount ?? 0;
}

/** The service that a pod belongs to: its label `app`, or what Kubernetes recommends. */
export function serviceOf({ metadata: { labels } }: Pick<Pod, 'metadata'>): string | undefined {
  return labels?.app ?? labels?.['app.kubernetes.io/name'];
}

/** The container that the pod is about: the one that kubectl would take. */
export function mainContainer({ metadata, spec }: Pod): string {
  return metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? spec.containers[0]!.name;
}

export function mainStatus(pod: Pod): ContainerStatus | undefined {
  const name = mainContainer(pod);
  return pod.status.containerStatuses?.find((status) => status.name === name);
}

/** Kinds of owners whose pods come to an end by themselves, or are not the API's to end. */
const NO_KEEPERS = ['Job', 'Node'];

/**
 * A controller keeps it: it serves until somebody ends it, and then another is made. So a Job's pod is none, nor one that stands by
 * itself, which would be gone for good; a drain spares it for that reason. A neighbour of the suite's own is looked after by its fault.
 */
export function isKept({ metadata, spec }: Pod): boolean {
  if (metadata.labels?.[NEIGHBOUR_LABEL] !== undefined) return true;
  const keeper = metadata.ownerReferences?.find(({ controller }) => controller);
  if (keeper === undefined || NO_KEEPERS.includes(keeper.kind)) return false;
  return (spec.restartPolicy ?? 'Always') === 'Always';
}

/** Undefined for a pod that has ended, that belongs to no service, or that nothing keeps. */
export function toMember(pod: Pod): Member | undefined {
  const { metadata, spec } = pod;
  const service = serviceOf(pod);
  const state = stateOf(pod);
  if (service === undefined || state === undefined || !isKept(pod)) return undefined;
  return {
    id: memberId(pod),
    namespace: metadata.namespace,
    service,
    node: spec.nodeName ?? '',
    state,
    ready: state === 'running' && isTrue(pod, 'Ready'),
    instance: spec.hostname ?? metadata.name,
  };
}

function stateOf(pod: Pod): Member['state'] | undefined {
  const { phase } = pod.status;
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  if (pod.metadata.deletionTimestamp !== undefined) return 'stopping';
  const { state } = mainStatus(pod) ?? {};
  if (state?.terminated || state?.waiting?.reason === 'CrashLoopBackOff') return 'failed';
  return state?.running ? 'running' : 'starting';
}

/** What a pod that is not ready complains of, in a few words; undefined when it says nothing. */
export function complaintOf(pod: Pod): string | undefined {
  const { waiting, terminated } = mainStatus(pod)?.state ?? {};
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return scheduled.message ?? scheduled.reason;
  if (terminated) {
    const words = terminated.message?.trim();
    return `${terminated.reason ?? 'ended'}, exit ${terminated.exitCode}${words ? `: ${words}` : ''}`;
  }
  if (waiting && waiting.reason !== 'ContainerCreating')
    return [waiting.reason, waiting.message].filter(Boolean).join(': ');
  return pod.status.message ?? pod.status.reason;
}
