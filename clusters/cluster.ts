import type { PlatformKind } from '../platforms/platform.ts';

/** A cluster file in normal form. */
export type Cluster = SwarmCluster | KubernetesCluster;

interface AnyCluster {
  /** The file's name without folder and ending: `lab-swarm`. */
  name: string;
  file: string;
  platform: PlatformKind;
  allow: { nodes: string[]; namespaces: string[] };
  power: PowerConfig | undefined;
  /** URL by entry name, as users reach it. */
  entry: Record<string, string>;
  /** Image by role name; `tools` is the image for node faults and noisy neighbours. */
  images: Record<string, string>;
  /** `never`: images are on the nodes already and no registry is asked. */
  pull: 'missing' | 'never';
  /** The nodes' kernels can delay packets. */
  netem: boolean;
}

export interface SwarmCluster extends AnyCluster {
  platform: 'swarm';
  reach: SwarmReach;
  /** Folder that every node mounts. */
  shared: string | undefined;
  /** How services are reached (`vip` needs IPVS on the nodes) and how ports are published. */
  endpoint: 'vip' | 'dnsrr';
  publish: 'ingress' | 'host';
}

export interface KubernetesCluster extends AnyCluster {
  platform: 'kubernetes';
  reach: KubernetesReach;
  /** Port on every node by entry name. */
  nodePorts: Record<string, number>;
  /** Storage class of hardened state: its volumes follow a pod to another node. Undefined: the cluster's default class. */
  storageClass: string | undefined;
  /** How long members stay bound to a node that is silent, ms. Undefined: as the cluster has it (300 s unless changed). */
  toleration: number | undefined;
}

/** Every node's Docker API: tcp://, ssh://, unix://. */
export interface SwarmReach {
  hosts: string[];
  /** TLS material for tcp://, as files. */
  tls: { ca: string; cert: string; key: string } | undefined;
}

/** A context of a kubeconfig file, always named; or the account of the pod that the suite itself runs in. */
export type KubernetesReach = { kubeconfig: string; context: string } | { inCluster: true };

export type PowerConfig =
  /** Shell commands; {node} is replaced. `state` prints on or off. */
  | { kind: 'command'; off: string; on: string; state: string; timeout: number }
  /** A ClusterLabs fence agent; `{node}` in values is replaced; secrets as `env:NAME` or `file:PATH`. */
  | { kind: 'fence'; agent: string; options: Record<string, string>; timeout: number }
  /** Nodes that are containers of a Docker engine (kind, k3d). */
  | { kind: 'docker'; host: string; container: string };
