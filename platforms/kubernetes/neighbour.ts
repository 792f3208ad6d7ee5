/** A neighbour on Kubernetes: pods of a namespace of its own, on the nodes of those who are to feel it. */
import type { Crowd, Filling, Limits, Neighbour, Neighbours, Program } from '../neighbour.ts';
import { NEIGHBOUR_LABEL } from './api/objects.ts';

export const neighbours: Neighbours = {
  serviceHost: (namespace, service) => `${service}.${namespace}.svc`,
  cannot(takes, limits) {
    const isAsked = takes === 'pids' || (limits !== true && limits.pids !== undefined);
    if (!isAsked) return undefined;
    return {
      why: 'a Kubernetes namespace has no limit on processes',
      hint: 'kubelet has one for all pods of its node (podPidsLimit): set it there, and run the scenario without `limits`',
    };
  },
  closes: true,
  deployment: (neighbour) => ({ manifest: noisyPods(neighbour) }),
  filling: fillingPods,
  crowd: crowdOf,
  quota: (name, spec) => manifestOf([{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec }]),
};

/**
 * One pod a program. Limits are not the pod's own: a tenant that takes what it can get sets none. They are the namespace's
 * (LimitRange), and for a flood its network's, which is closed to the outside: what whoever runs the cluster can lay on a tenant.
 */
function noisyPods({ takes, programs, image, limits, deadMan }: Neighbour): string {
  return manifestOf([
    ...(limits && takes !== 'network' && takes !== 'nothing' ? [limitRange(limits)] : []),
    ...(limits && takes === 'network' ? [NO_WAY_OUT] : []),
    ...programs.map((program) => boundPod({ ...program, image, deadMan })),
  ]);
}

function fillingPods({ namespace, programs, image, deadMan, ready }: Filling): string {
  return manifestOf([
    highPriority(namespace),
    ...programs.map((program) => boundPod({ ...program, image, deadMan, ready, priorityClass: namespace })),
  ]);
}

interface BoundPod extends Program {
  image: string;
  deadMan: number;
  ready?: string[];
  priorityClass?: string;
}

/** On the node's disk, and counted as the pod's. */
const SCRATCH = '/var/tmp';

/** Bound to its node past the scheduler: a neighbour that runs does not wait for free resources first. */
function boundPod({ name, node, image, argv, deadMan, ready, priorityClass }: BoundPod): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name, [NEIGHBOUR_LABEL]: name } },
    spec: {
      nodeName: node,
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: Math.ceil(deadMan / 1000),
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
      containers: [
        {
          name: 'neighbour',
          image,
          command: argv,
          ...(ready ? { readinessProbe: { exec: { command: ready }, periodSeconds: 1 } } : {}),
          volumeMounts: [{ name: 'scratch', mountPath: SCRATCH }],
        },
      ],
      volumes: [{ name: 'scratch', emptyDir: {} }],
    },
  };
}

function limitRange({ cpus, memory, disk }: Limits): object {
  const most = {
    ...(cpus === undefined ? {} : { cpu: String(cpus) }),
    ...(memory === undefined ? {} : { memory: String(Math.round(memory)) }),
    ...(disk === undefined ? {} : { 'ephemeral-storage': String(Math.round(disk)) }),
  };
  // Nothing is set aside for it either: without this its requests would be its limits, and the node might not have enough.
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

/** More than any workload has by itself, less than what the cluster cannot do without. */
const HIGH_PRIORITY = 1_000_000;

/** Priority classes are cluster-scoped: it has the name of the namespace that it is made for. */
function highPriority(namespace: string): object {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: namespace },
    value: HIGH_PRIORITY,
    description: 'of a chaos test; goes with the namespace of this name',
  };
}

/** Pods that the scheduler has to find a place for, each on its node. */
function crowdOf(crowd: Crowd): string {
  const { namespace, members, isRefused } = crowd;
  return manifestOf([
    highPriority(namespace),
    ...(isRefused ? [noHighPriority(namespace)] : []),
    ...members.map((member) => crowdMember(crowd, member)),
  ]);
}

/** A request is a whole number of milli-CPUs, and bytes. */
const MILLI = 1000;

function crowdMember(
  { namespace, image, deadMan, isRefused }: Crowd,
  { name, node, cpu, memory }: Crowd['members'][number],
): object {
  const requests = {
    ...(cpu > 0 ? { cpu: `${Math.floor(cpu * MILLI)}m` } : {}),
    ...(memory > 0 ? { memory: String(Math.floor(memory)) } : {}),
  };
  const spec = {
    priorityClassName: namespace,
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
        },
      },
    },
    containers: [{ name: 'neighbour', image, command: ['sleep', '86400'], resources: { requests } }],
  };
  const metadata = { name, labels: { app: name } };
  if (!isRefused) {
    const activeDeadlineSeconds = Math.ceil(deadMan / 1000);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { ...metadata.labels, [NEIGHBOUR_LABEL]: name } },
      spec: { ...spec, activeDeadlineSeconds, restartPolicy: 'Never' },
    };
  }
  // Refused pods are a controller's trouble, and this one is to be refused.
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { selector: { matchLabels: metadata.labels }, template: { metadata: { labels: metadata.labels }, spec } },
  };
}

function noHighPriority(namespace: string): object {
  const scope = { scopeName: 'PriorityClass', operator: 'In', values: [namespace] };
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: `no-priority-${HIGH_PRIORITY}` },
    spec: { hard: { pods: '0' }, scopeSelector: { matchExpressions: [scope] } },
  };
}

/** Objects as one manifest: JSON is YAML. */
function manifestOf(objects: object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}
