/** A machine that is there only to make images, with a dockerd of its own. */
import { rm } from 'node:fs/promises';
import type { Service } from '../boot.ts';
import { install, type Machine, powerOn, remove } from '../host.ts';
import { cacheFolder } from '../image/cache.ts';
import type { Lab } from '../lab.ts';
import { answers, type Docker } from './api.ts';
import { dockerd, dockerOf, dockerSilent } from './daemon.ts';

/** Its name. */
export const BUILDER = 'builder';

interface Beside {
  /** Beside the cache. */
  mounts?: Machine['mounts'];
  services?: Service[];
  /** Puts what its dockerd starts from on its disk. */
  fill?(disk: string): Promise<void>;
}

/** Powers it on; resolves once its dockerd, of that major version, answers. */
export async function startBuilder(
  lab: Lab,
  dockerMajor: number,
  { mounts = [], services = [], fill }: Beside,
): Promise<Docker> {
  const machine: Machine = {
    name: BUILDER,
    address: undefined,
    // Enough to unpack the root filesystem quickly.
    size: { cpus: 2, memory: 4 * 2 ** 30 },
    mounts: [{ from: cacheFolder(), to: cacheFolder(), readonly: true }, ...mounts],
    services: [dockerd(dockerMajor), ...services],
    keeps: true,
  };
  await install(lab, machine, fill);
  await powerOn(lab, machine);
  const docker = dockerOf(lab, BUILDER);
  await answers(docker, 60_000, () => dockerSilent(lab, BUILDER));
  return docker;
}

/** With the folder of its lab. One that is not there is no error. */
export async function removeBuilder(lab: Lab): Promise<void> {
  await remove(lab, BUILDER);
  await rm(lab.folder, { recursive: true, force: true });
}
