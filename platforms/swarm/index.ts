import type { PlatformModule } from '../module.ts';
import type { SwarmCluster } from './cluster.ts';
import { keys, load } from './keys.ts';
import { predictSwarm } from './predict.ts';

/** Docker Swarm. */
export const swarm: PlatformModule<SwarmCluster> = {
  kind: 'swarm',
  keys,
  load,
  describe: ({ reach }) => `${reach.hosts.length} hosts`,
  settings: ({ endpoint, publish, shared }) => ({ endpoint, publish, ...(shared === undefined ? {} : { shared }) }),
  open: async (cluster) => (await import('./swarm.ts')).openSwarm(cluster),
  async verbs() {
    const { verbs, queries } = await import('./verbs.ts');
    return [...Object.keys(verbs), ...Object.keys(queries)];
  },
  plannedTimers: async (manifest, timers) => (await import('./planned-timers.ts')).plannedTimers(manifest, timers),
  asks: async (manifest, cluster, context) => (await import('./asks.ts')).asksOf(manifest, cluster, context),
  predict: predictSwarm,
};
