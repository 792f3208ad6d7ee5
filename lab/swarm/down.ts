import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { withLock } from '../../units/lock.ts';
import { groupsIn, removeGroup } from '../cgroup.ts';
import { remove } from '../host.ts';
import { removeDeadBuilders } from '../image/store.ts';
import { LABS, machineNames, requireRoot } from '../lab.ts';
import { removeNetwork } from '../network.ts';
import type { Progress } from '../progress.ts';
import { swarmLab } from './layout.ts';

/**
 * Removes the lab, whether it is fully up or not: machines, network, disks, control groups. What was built stays in the cache.
 * Needs no notes: the machines are those that have a folder, and those that the kernel knows.
 */
export async function swarmDown(progress: Progress): Promise<void> {
  requireRoot();
  await withLock(
    swarmLab.name,
    'lab down swarm',
    async () => {
      const machines = new Set([...machineNames(swarmLab), ...groupsIn(swarmLab.name)]);
      if (machines.size > 0) progress(`powering off ${[...machines].join(', ')}`);
      await Promise.all([...machines].map((name) => remove(swarmLab, name)));
      await removeNetwork(swarmLab.network!);
      await rm(swarmLab.folder, { recursive: true, force: true });
      if (existsSync(LABS)) await rmdir(LABS).catch(ignoreNotEmpty);
      await removeGroup(swarmLab.name);
      await removeDeadBuilders();
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

function ignoreNotEmpty(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY') throw error;
}
