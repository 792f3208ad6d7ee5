import type { Cluster } from '../cluster.ts';
import type { DockerTls } from '../docker/client.ts';

export interface SwarmCluster extends Cluster {
  reach: SwarmReach;
  /** Folder that every node mounts. */
  shared: string | undefined;
  /** How services are reached (`vip` needs IPVS on the nodes) and how ports are published. */
  endpoint: 'vip' | 'dnsrr';
  publish: 'ingress' | 'host';
}

/** Every node's Docker API: tcp://, ssh://, unix://. */
export interface SwarmReach {
  hosts: string[];
  tls: DockerTls | undefined;
}
