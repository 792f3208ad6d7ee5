/** What every entry of the tables in this folder is made of. */
import { entriesOf } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import type { KubernetesCluster } from '../cluster.ts';

export interface KubernetesContext {
  api: Api;
  cluster: KubernetesCluster;
  /** True for the namespaces that the cluster file allows. */
  allowed(namespace: string): boolean;
}

/** As in RBAC: `pods/exec` is a part of pods. An empty group is the core one. */
export interface Rule {
  group?: string;
  resources: string[];
  verbs: string[];
}

export const { verb, undo, question } = entriesOf<KubernetesContext, Rule>();

export const APPS = ['deployments', 'statefulsets', 'daemonsets'];

const EXEC: Rule = { resources: ['pods/exec'], verbs: ['create', 'get'] };

export const REMOVAL: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'delete'] },
  { resources: ['pods'], verbs: ['get', 'list', 'delete'] },
  EXEC,
  { resources: ['nodes', 'persistentvolumes'], verbs: ['list'] },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['list', 'delete'] },
];

/** A pod on a node with every right over it: whoever may make one is the node's administrator. */
export const NODE_AGENT: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'create', 'patch', 'delete'] },
  { resources: ['pods'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  EXEC,
];
