import type { Cluster } from '../cluster.ts';
import { commandPower } from './command.ts';
import { dockerPower } from './docker.ts';
import { fencePower } from './fence.ts';
import type { Power } from './power.ts';

/** The power agent that a cluster file names; undefined when it names none (nodes then cannot be switched off). */
export function createPower(cluster: Pick<Cluster, 'power'>): Power | undefined {
  switch (cluster.power?.kind) {
    case undefined:
      return undefined;
    case 'command':
      return commandPower(cluster.power);
    case 'fence':
      return fencePower(cluster.power);
    case 'docker':
      return dockerPower(cluster.power);
  }
}
