import type { Cluster } from '../clusters/cluster.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { Inspection, Platform, PlatformKind } from './platform.ts';

/** Opens the platform that a cluster file names. Only that platform's module, with its client library, is loaded. */
export async function createPlatform(cluster: Cluster): Promise<Platform> {
  switch (cluster.platform) {
    case 'swarm':
      return (await import('./swarm/swarm.ts')).openSwarm(cluster);
    case 'kubernetes':
      return (await import('./kubernetes/kubernetes.ts')).openKubernetes(cluster);
  }
}

/** The verbs of a platform, told without connecting to any. */
export async function verbsOf(platform: PlatformKind): Promise<readonly string[]> {
  switch (platform) {
    case 'swarm':
      return Object.keys((await import('./swarm/verbs.ts')).verbs);
    case 'kubernetes':
      return Object.keys((await import('./kubernetes/verbs/verbs.ts')).verbs);
    case 'proxmox':
      throw new OperatorError(`platform '${platform}' is not supported by this version`, {
        hint: 'supported: swarm, kubernetes',
      });
  }
}

/** A file that gives an account every right that these verbs take; undefined where the platform has no accounts. */
export async function rightsFile(platform: PlatformKind, verbs: readonly string[]): Promise<string | undefined> {
  if (platform !== 'kubernetes') return undefined;
  return (await import('./kubernetes/verbs/rights.ts')).rightsManifest(verbs);
}

/** The cluster as it will be inspected once the manifest is deployed, as far as that tells. Throws OperatorError for a manifest that is none. */
export async function withPlannedTimers(inspection: Inspection, manifest: string): Promise<Inspection> {
  switch (inspection.platform) {
    case 'swarm':
      return {
        ...inspection,
        timers: (await import('./swarm/planned-timers.ts')).plannedTimers(manifest, inspection.timers),
      };
    case 'kubernetes':
      return {
        ...inspection,
        timers: (await import('./kubernetes/state/planned-timers.ts')).plannedTimers(manifest, inspection.timers),
      };
    case 'proxmox':
      return inspection;
  }
}
