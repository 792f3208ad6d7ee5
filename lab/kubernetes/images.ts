import { cp, lstat, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ifFree } from '../../processes/lock.ts';
import { run, runStreaming } from '../command.ts';
import { diskOf } from '../disk.ts';
import type { Docker } from '../docker/api.ts';
import { BUILDER, removeBuilder, startBuilder } from '../docker/builder.ts';
import { DATA_ROOT, majorOf, SOCKET } from '../docker/daemon.ts';
import { inside, powerOff } from '../host.ts';
import { cached, cacheFolder, lockName } from '../image/cache.ts';
import { type ImageStore, imageStore, shareStore } from '../image/store.ts';
import type { Lab } from '../lab.ts';
import type { Progress } from '../progress.ts';
import { CONFIG } from './layout.ts';
import { containerd } from './machines.ts';
import { CONTAINERD_ROOT, CONTAINERD_SOCKET, containerdConfig } from './node.ts';

/** Raised when what is stored, or how, changes. */
const FORMAT = 1;
const KIND = 'containerd';

export const PAUSE_IMAGE = 'brownout/pause:lab';
export const DNS_IMAGE = 'brownout/coredns:lab';
/** containerd keeps images under their full names. */
export const fullName = (image: string) => `docker.io/${image}`;

/** What every node's containerd starts from. */
export interface ContainerdStore {
  folder: string;
  /** Docker's store, from which the images came. */
  images: ImageStore;
}

/**
 * The store that all nodes of the lab share: every image of the Swarm lab, and those of the two programs that only run in
 * pods. A temporary containerd makes it, once.
 *
 * @param programs the folder with `pause` and `coredns`
 */
export async function containerdStore(programs: string, progress: Progress): Promise<ContainerdStore> {
  const images = await imageStore(progress);
  const [docker, own] = await Promise.all([run(['dockerd', '--version']), run(['containerd', '--version'])]);
  const inputs = { FORMAT, images: images.key, programs: basename(programs), docker, own };
  const folder = await cached(KIND, inputs, progress, async (into) => {
    await removeBuilder(builderLab);
    try {
      await fill(images, programs, majorOf(docker), progress);
      await rename(join(diskOf(builderLab, BUILDER), CONTAINERD_ROOT), join(into, 'root'));
    } finally {
      await removeBuilder(builderLab);
    }
  });
  return { folder, images };
}

/** Starts a machine with a dockerd and a containerd, passes the images from one to the other, and switches it off. */
async function fill(images: ImageStore, programs: string, dockerMajor: number, progress: Progress): Promise<void> {
  const config = join(builderLab.folder, 'config');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'containerd.toml'), containerdConfig(fullName(PAUSE_IMAGE)));
  const docker = await startBuilder(builderLab, dockerMajor, {
    mounts: [{ from: config, to: CONFIG, readonly: true }],
    services: [containerd],
    fill: (disk) => shareStore(images.folder, join(disk, DATA_ROOT)),
  });
  await importProgram(docker, programs, 'pause', PAUSE_IMAGE);
  await importProgram(docker, programs, 'coredns', DNS_IMAGE);
  const all = (await docker.get<{ RepoTags: string[] | null }[]>('/images/json')).flatMap(
    ({ RepoTags }) => RepoTags ?? [],
  );
  progress(`importing ${all.length} images into containerd (once, under a minute)`);
  await run(inside(builderLab, BUILDER, ['bash', '-c', handOver(all)]));
  await powerOff(builderLab, BUILDER);
}

/** A program as an image with nothing else in it. */
async function importProgram(docker: Docker, programs: string, program: string, image: string): Promise<void> {
  const [repo, tag] = image.split(':') as [string, string];
  const query = new URLSearchParams({ fromSrc: '-', repo, tag, changes: `ENTRYPOINT ["/${program}"]` });
  const tar = runStreaming(['tar', '-C', programs, '--owner=0', '--group=0', '-c', program]);
  await docker.upload(`/images/create?${query}`, 'application/x-tar', tar);
}

/** Copies images from Docker's store to containerd's, in the machine that runs both. */
function handOver(images: string[]): string {
  const query = images.map((image) => `names=${encodeURIComponent(image)}`).join('&');
  return `set -euo pipefail
timeout 60 sh -c 'until [ -S ${CONTAINERD_SOCKET} ]; do sleep 0.1; done' || { tail -20 /var/log/containerd.log >&2; exit 1; }
curl --max-time 900 --silent --show-error --fail --unix-socket ${SOCKET} 'http://docker/images/get?${query}' | ctr --namespace k8s.io images import -
sync --file-system ${CONTAINERD_ROOT}`;
}

/** Removes the builder of a process that died before it could remove it. One that is at work is left alone. */
export async function removeDeadBuilder(): Promise<void> {
  await ifFree(lockName(KIND), 'clean-up', () => removeBuilder(builderLab));
}

/** On the cache's disk, so that what was built is moved, not copied. */
const builderLab: Lab = { name: `build-${KIND}`, folder: join(cacheFolder(), `${KIND}.builder`), network: undefined };

/**
 * Makes `root`, which does not exist yet, a containerd's folder that starts from a store: small files are copied, and the
 * content of images is symbolic links to the store's, which containers only ever read. So every node has every image in a
 * few hundredths of a second, and the page cache holds them once.
 */
export async function shareContainerdStore({ folder }: ContainerdStore, root: string): Promise<void> {
  await shareFolder(join(folder, 'root'), root, '');
}

/** Parts of containerd's folder whose entries are linked and not copied: an image's files, and the blobs they came from. */
const LINKED = [/snapshots\/\d+\/(fs|work)$/, /\/blobs\/sha256\/[0-9a-f]+$/];

async function shareFolder(from: string, to: string, path: string): Promise<void> {
  const { mode } = await lstat(from);
  await mkdir(to, { recursive: true, mode: mode & 0o7777 });
  await Promise.all(
    (await readdir(from, { withFileTypes: true })).map(async (entry) => {
      const [source, target, inner] = [from, to, path].map((each) => join(each, entry.name)) as [
        string,
        string,
        string,
      ];
      if (LINKED.some((pattern) => pattern.test(inner))) return symlink(source, target);
      if (entry.isDirectory()) return shareFolder(source, target, inner);
      return cp(source, target, { verbatimSymlinks: true });
    }),
  );
}
