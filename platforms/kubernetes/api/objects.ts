/** The parts of Kubernetes' objects that the suite reads, and where the API has them. */
import { PermanentError } from '../../../units/operator-error.ts';

interface Meta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Labels;
  annotations?: Labels;
  finalizers?: string[];
  ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  managedFields?: { manager?: string; operation?: string; time?: string }[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: Meta;
}

export interface KubeList<T> {
  metadata: { resourceVersion?: string };
  items: T[];
}

export type Labels = Record<string, string>;

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface KubeNode extends KubeObject {
  spec: { unschedulable?: boolean; taints?: Taint[]; podCIDRs?: string[]; providerID?: string };
  status: {
    conditions?: Condition[];
    addresses?: { type: string; address: string }[];
    nodeInfo?: {
      kubeletVersion?: string;
      kernelVersion?: string;
      osImage?: string;
      operatingSystem?: string;
      containerRuntimeVersion?: string;
    };
  };
}

interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  readinessProbe?: { periodSeconds?: number; initialDelaySeconds?: number; tcpSocket?: { port?: number | string } };
}

interface PodSpec {
  nodeName?: string;
  hostname?: string;
  volumes?: { persistentVolumeClaim?: { claimName: string } }[];
  containers: Container[];
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  terminationGracePeriodSeconds?: number;
  tolerations?: { key?: string; operator?: string; effect?: string; tolerationSeconds?: number }[];
}

interface ContainerEnd {
  message?: string;
  exitCode: number;
  reason?: string;
  signal?: number;
  finishedAt?: string;
}

export interface ContainerStatus {
  name: string;
  restartCount: number;
  ready?: boolean;
  containerID?: string;
  state?: {
    running?: { startedAt?: string };
    waiting?: { reason?: string; message?: string };
    terminated?: ContainerEnd;
  };
  lastState?: { terminated?: ContainerEnd };
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    reason?: string;
    message?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
  };
}

/** A Deployment, StatefulSet or DaemonSet. */
export interface Controller extends KubeObject {
  spec: {
    replicas?: number;
    template: { metadata?: { labels?: Labels; annotations?: Labels }; spec: PodSpec };
  };
}

export interface Volume extends KubeObject {
  spec: { claimRef?: { namespace?: string }; persistentVolumeReclaimPolicy?: string };
  status?: { phase?: string; reason?: string; message?: string };
}

export interface NamespaceObject extends KubeObject {
  status?: { conditions?: Condition[] };
}

export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** The suite's marks: the run that made a thing, the namespace of the run it belongs to, what a thing was before. */
export const RUN_LABEL = 'brownout.run';
export const NAMESPACE_LABEL = 'brownout.namespace';
export const BEFORE_ANNOTATION = 'brownout.before';

/** On a pod that is a neighbour of the suite's own: no controller keeps it, and yet it is what a fault asks about. */
export const NEIGHBOUR_LABEL = 'brownout.neighbour';

/** The `app` of the suite's own node agents on nodes. */
export const NODE_AGENT = 'node-agent';

/** Fields that the suite sets are owned under this name (server-side apply). */
export const FIELD_MANAGER = 'brownout';

/** Where the API has the objects of a kind: all of them, those of a namespace, or one. */
export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** `pods`. */
  plural: string;
  namespaced: boolean;
}

const core = (plural: string, namespaced = true): Resource => ({ group: '', version: 'v1', plural, namespaced });
const apps = (plural: string): Resource => ({ group: 'apps', version: 'v1', plural, namespaced: true });

export const NODES = core('nodes', false);
export const NAMESPACES = core('namespaces', false);
export const VOLUMES = core('persistentvolumes', false);
export const PODS = core('pods');
export const EVENTS = core('events');
export const DEPLOYMENTS = apps('deployments');
export const STATEFUL_SETS = apps('statefulsets');
export const DAEMON_SETS = apps('daemonsets');
export const CONFIG_MAPS = core('configmaps');
/** Of k6-operator. */
export const TEST_RUNS: Resource = { group: 'k6.io', version: 'v1alpha1', plural: 'testruns', namespaced: true };
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
export const ENDPOINT_SLICES: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  namespaced: true,
};
export const PRIORITY_CLASSES: Resource = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  namespaced: false,
};
/** Kinds without a namespace that a manifest of the suite may make: they are removed with the namespace they were made for. */
export const UNBOUND: readonly Resource[] = [PRIORITY_CLASSES];

export interface Place {
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
}

/** Throws PermanentError for a name that would lead elsewhere: a URL leaves `.` and `..` out. */
export function pathOf({ group, version, plural, namespaced }: Resource, place: Place = {}): string {
  const { namespace, name, subresource } = place;
  const astray = [namespace, name].find((part) => part !== undefined && /^\.{0,2}$/.test(part));
  if (astray !== undefined) throw new PermanentError(`'${astray}' is no name of one of the ${plural}`);
  return [
    group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
    ...(namespaced && namespace !== undefined ? ['namespaces', namespace] : []),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');
}

export function conditionOf({ status }: { status: { conditions?: Condition[] } }, type: string): Condition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

export function isTrue(object: { status: { conditions?: Condition[] } }, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}
