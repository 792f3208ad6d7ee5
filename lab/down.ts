import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { withLock } from '../processes/lock.ts';
import { groupsIn, removeGroup } from './cgroup.ts';
import { remove } from './host.ts';
import { LABS, type Lab, machineNames, requireRoot } from './lab.ts';
import { removeNetwork } from './network.ts';
import type { Progress } from './progress.ts';

/**
 * Removes a lab, whether it is fully up or not: machines, network, disks, control groups. What was built stays in the cache.
 * Needs no notes: the machines are those that have a folder, and those that the kernel knows.
 *
 * @param more what else of it could have been left behind
 */
export async function takeDown(
  lab: Lab,
  progress: Progress,
  more: () => Promise<void> = async () => {},
): Promise<void> {
  requireRoot();
  await withLock(
    lab.name,
    `lab down ${lab.name}`,
    async () => {
      const machines = new Set([...machineNames(lab), ...groupsIn(lab.name)]);
      if (machines.size > 0) progress(`powering off ${[...machines].join(', ')}`);
      await Promise.all([...machines].map((name) => remove(lab, name)));
      await removeNetwork(lab.network!);
      await rm(lab.folder, { recursive: true, force: true });
      if (existsSync(LABS)) await rmdir(LABS).catch(ignoreNotEmpty);
      await removeGroup(lab.name);
      await more();
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

function ignoreNotEmpty(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY') throw error;
}
