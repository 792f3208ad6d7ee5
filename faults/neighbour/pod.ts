/** A neighbour on Kubernetes: pods of a namespace of its own, on the nodes of those who are to feel it. */

export interface NeighbourPod {
  name: string;
  node: string;
  image: string;
  argv: string[];
  /** It ends by itself after so many ms. */
  deadMan: number;
  /** Ends for good when its command does, or is started again when that fails. */
  restart: 'Never' | 'OnFailure';
  /** It is ready once this command succeeds. */
  ready?: string[];
  priorityClass?: string;
}

/** On the node's disk, and counted as the pod's. */
const SCRATCH = '/var/tmp';

/** Bound to its node past the scheduler: a neighbour that is there does not ask for room first. */
export function neighbourPod(pod: NeighbourPod): object {
  const { name, node, image, argv, deadMan, restart, ready, priorityClass } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: node,
      restartPolicy: restart,
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

/** More than any workload has by itself, less than what the cluster cannot do without. */
export const HIGH_PRIORITY = 1_000_000;

/** Priority classes are the whole cluster's: it bears the name of the namespace that it is made for. */
export function highPriority(namespace: string): object {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: namespace },
    value: HIGH_PRIORITY,
    description: 'of a chaos test; goes with the namespace of this name',
  };
}

/** Objects as one manifest: JSON is YAML. */
export function manifestOf(objects: object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}
