import type { Cluster } from './cluster.ts';

/** What a cluster has that a workload's manifest needs, by name: `DeployContext.settings`. */
export function deploySettings(cluster: Cluster): Record<string, string> {
  switch (cluster.platform) {
    case 'swarm':
      return { endpoint: cluster.endpoint, publish: cluster.publish };
    case 'kubernetes': {
      const ports = Object.entries(cluster.nodePorts).map(([entry, port]) => [`port.${entry}`, String(port)]);
      return {
        pull: cluster.pull,
        ...Object.fromEntries(ports),
        ...(cluster.storageClass === undefined ? {} : { storageClass: cluster.storageClass }),
        ...(cluster.toleration === undefined ? {} : { toleration: String(cluster.toleration / 1000) }),
      };
    }
  }
}

/** The folder that every node mounts, where a cluster has one by name. */
export function sharedFolder(cluster: Cluster): string | undefined {
  return cluster.platform === 'swarm' ? cluster.shared : undefined;
}
