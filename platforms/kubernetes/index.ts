import type { PlatformModule } from '../module.ts';
import type { KubernetesCluster } from './cluster.ts';
import { keys, load } from './keys.ts';
import { predictKubernetes } from './predict.ts';

/** Kubernetes. */
export const kubernetes: PlatformModule<KubernetesCluster> = {
  kind: 'kubernetes',
  keys,
  load,
  describe: ({ reach }) => ('context' in reach ? `context ${reach.context}` : 'from inside'),
  settings({ nodePorts, pull, storageClass, toleration }) {
    const ports = Object.entries(nodePorts).map(([entry, port]) => [`port.${entry}`, String(port)]);
    return {
      pull,
      ...Object.fromEntries(ports),
      ...(storageClass === undefined ? {} : { storageClass }),
      ...(toleration === undefined ? {} : { toleration: String(toleration / 1000) }),
    };
  },
  open: async (cluster) => (await import('./kubernetes.ts')).openKubernetes(cluster),
  async verbs() {
    const { verbs, queries } = await import('./verbs/index.ts');
    return [...Object.keys(verbs), ...Object.keys(queries)];
  },
  rightsFile: async (verbs) => (await import('./verbs/rights.ts')).rightsManifest(verbs),
  agentsOf: (verbs, namespace) =>
    verbs.some((verb) => ['member.kill', 'member.pause'].includes(verb)) ? `${namespace}-agents` : undefined,
  plannedTimers: async (manifest, timers) =>
    (await import('./state/planned-timers.ts')).plannedTimers(manifest, timers),
  asks: async (manifest, _, { namespace }) => (await import('./workload/asks.ts')).asksOf(manifest, namespace),
  predict: predictKubernetes,
};
