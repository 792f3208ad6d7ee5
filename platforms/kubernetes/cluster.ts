import type { Cluster } from '../cluster.ts';

export interface KubernetesCluster extends Cluster {
  reach: KubernetesReach;
  /** Port on every node by entry name. */
  nodePorts: Record<string, number>;
  /** Storage class of hardened state: its volumes follow a pod to another node. Undefined: the cluster's default class. */
  storageClass: string | undefined;
  /** How long members stay bound to a node that is silent, ms. Undefined: as the cluster has it (300 s unless changed). */
  toleration: number | undefined;
}

/** A context of a kubeconfig file, always named; or the account of the pod that the suite itself runs in. */
export type KubernetesReach = { kubeconfig: string; context: string } | { inCluster: true };
