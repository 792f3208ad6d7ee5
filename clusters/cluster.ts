import type { PlatformKind } from '../platforms/platform.ts';

/** A cluster file in normal form. */
export interface Cluster {
  /** The file's name without folder and ending: `lab-swarm`. */
  name: string;
  file: string;
  platform: PlatformKind;
  reach: Reach;
  allow: { nodes: string[]; namespaces: string[] };
  power: PowerConfig | undefined;
  /** URL by entry name, as users reach it. */
  entry: Record<string, string>;
  /** Image by role name; `tools` is the image for node faults and noisy neighbours. */
  images: Record<string, string>;
  /** `never`: images are on the nodes already and no registry is asked. */
  pull: 'missing' | 'never';
  /** Folder that every node mounts. */
  shared: string | undefined;
  /** Swarm: how services are reached (`vip` needs IPVS on the nodes) and how ports are published. */
  endpoint: 'vip' | 'dnsrr';
  publish: 'ingress' | 'host';
}

/** Swarm: every node's Docker API: tcp://, ssh://, unix://. */
export interface Reach {
  hosts: string[];
  /** TLS material for tcp://, as files. */
  tls: { ca: string; cert: string; key: string } | undefined;
}

export type PowerConfig =
  /** Shell commands; {node} is replaced. `state` prints on or off. */
  | { kind: 'command'; off: string; on: string; state: string; timeout: number }
  /** A ClusterLabs fence agent; `{node}` in values is replaced; secrets as `env:NAME` or `file:PATH`. */
  | { kind: 'fence'; agent: string; options: Record<string, string>; timeout: number }
  /** Nodes that are containers of a Docker engine (kind, k3d). */
  | { kind: 'docker'; host: string; container: string };
