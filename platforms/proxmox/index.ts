import type { PlatformModule } from '../module.ts';
import type { ProxmoxCluster } from './cluster.ts';
import { keys, load, together } from './keys.ts';
import { predictProxmox } from './predict.ts';

/** Proxmox VE, 8 and 9. */
export const proxmox: PlatformModule<ProxmoxCluster> = {
  kind: 'proxmox',
  keys,
  together,
  load,
  describe: ({ reach }) => `${reach.endpoints.length} endpoints`,
  settings: () => ({}),
  hasTools: true,
  open: async (cluster) => (await import('./proxmox.ts')).openProxmox(cluster),
  async verbs() {
    const { verbs, queries } = await import('./verbs/index.ts');
    return [...Object.keys(verbs), ...Object.keys(queries)];
  },
  rightsFile: async (verbs) => (await import('./verbs/rights.ts')).rightsCommands(verbs),
  plannedTimers: async (manifest, timers) => (await import('./workload/planned.ts')).plannedTimers(manifest, timers),
  asks: async (manifest, _, context) => (await import('./workload/planned.ts')).asksOf(manifest, context),
  predict: predictProxmox,
};
