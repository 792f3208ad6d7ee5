import type { Cluster } from '../cluster.ts';
import type { Power } from './power.ts';

/**
 * The power agent that a cluster file names; undefined when it names none (nodes then cannot be switched off). Only what that agent
 * needs is loaded: a Docker client would be a third of the CPU time that an undo with nothing to do takes.
 */
export async function createPower(cluster: Pick<Cluster, 'power'>): Promise<Power | undefined> {
  switch (cluster.power?.kind) {
    case undefined:
      return undefined;
    case 'command':
      return (await import('./command.ts')).commandPower(cluster.power);
    case 'fence':
      return (await import('./fence.ts')).fencePower(cluster.power);
    case 'docker':
      return (await import('./docker.ts')).dockerPower(cluster.power);
  }
}
