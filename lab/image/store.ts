import { createReadStream } from 'node:fs';
import { cp, lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ifFree, withLock } from '../../processes/lock.ts';
import { run, runStreaming } from '../command.ts';
import { diskOf } from '../disk.ts';
import type { Docker } from '../docker/api.ts';
import { BUILDER, removeBuilder, startBuilder } from '../docker/builder.ts';
import { DATA_ROOT, majorOf } from '../docker/daemon.ts';
import { inside, powerOff } from '../host.ts';
import type { Lab } from '../lab.ts';
import type { Progress } from '../progress.ts';
import { labNeeds } from '../workloads.ts';
import { cached, cacheFolder, keyOf, lockName } from './cache.ts';
import { buildContexts, type Context } from './contexts.ts';
import { rootFilesystem } from './rootfs.ts';

/** Raised when what is stored, or how, changes. */
const FORMAT = 1;
const KINDS = ['base-image', 'images'] as const;
type Kind = (typeof KINDS)[number];

/**
 * The image store of Docker that all nodes of a lab share: `brownout/base` and `brownout/tools:lab`, and for each workload
 * `brownout/<name>:lab` and, one version later, `brownout/<name>:lab2`. A temporary dockerd makes it, once.
 */
export interface ImageStore {
  /** What a node's data-root starts from. */
  folder: string;
  /** Changes with the content of any image. */
  key: string;
  /** Digest of what each workload asks of the lab, and of its build context. */
  workloads: Record<string, string>;
}

export function imageStore(progress: Progress): Promise<ImageStore> {
  return withContexts(progress, async (workloads) => {
    const version = (await run(['dockerd', '--version'])).trim();
    const base = await baseStore(version, progress);
    const digests = digestsOf(workloads);
    const folder = await cached('images', { FORMAT, base, digests }, progress, (into) =>
      workloadStore(base, workloads, into, version, progress),
    );
    return { folder, key: folder.slice(folder.lastIndexOf('-') + 1), workloads: await asked(digests) };
  });
}

/** Those of the build contexts, and of what else the workloads ask for: packages are in the base, entries at the edge. */
async function asked(contexts: Record<string, string>): Promise<Record<string, string>> {
  const needs = (await labNeeds()).map(({ workload, ...needed }) => [`${workload}/lab`, keyOf(needed)]);
  return { ...contexts, ...Object.fromEntries(needs) };
}

/** Whether a store's images are still what the workloads' sources would build. Builds nothing. */
export function isCurrent(store: ImageStore, progress: Progress): Promise<boolean> {
  return withContexts(progress, async (workloads) => {
    return JSON.stringify(await asked(digestsOf(workloads))) === JSON.stringify(store.workloads);
  });
}

/** Gives `work` the workloads' build contexts: one folder, used by one process at a time. */
function withContexts<T>(progress: Progress, work: (contexts: Context[]) => Promise<T>): Promise<T> {
  const folder = join(cacheFolder(), 'contexts');
  const remove = () => rm(folder, { recursive: true, force: true });
  return withLock(
    'contexts',
    'building images',
    async () => {
      await remove();
      return work(await buildContexts(folder)).finally(remove);
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

function digestsOf(workloads: Context[]): Record<string, string> {
  return Object.fromEntries(workloads.map(({ name, digest }) => [name, digest]));
}

/** The root filesystem as an image, without any workload: the slow part, and it seldom changes. */
async function baseStore(version: string, progress: Progress): Promise<string> {
  const tar = await rootFilesystem(progress);
  return cached('base-image', { FORMAT, tar, version }, progress, async (into) => {
    progress('importing it as an image');
    await withBuilder('base-image', into, undefined, version, async (docker) => {
      const query = new URLSearchParams({ fromSrc: '-', repo: 'brownout/base', tag: 'latest' });
      query.append('changes', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
      query.append('changes', 'CMD ["bash"]');
      await docker.upload(`/images/create?${query}`, 'application/x-tar', createReadStream(tar));
      await docker.post('/images/brownout/base:latest/tag?repo=brownout/base&tag=lab');
      await docker.post('/images/brownout/base:latest/tag?repo=brownout/tools&tag=lab');
    });
  });
}

async function workloadStore(
  base: string,
  workloads: Context[],
  into: string,
  version: string,
  progress: Progress,
): Promise<void> {
  await withBuilder('images', into, base, version, async (docker) => {
    for (const { name, folder } of workloads) {
      for (const { tag, v } of [
        { tag: 'lab', v: '1' },
        { tag: 'lab2', v: '2' },
      ]) {
        progress(`building the image brownout/${name}:${tag}`);
        const query = new URLSearchParams({
          t: `brownout/${name}:${tag}`,
          buildargs: JSON.stringify({ V: v }),
          rm: '1',
          forcerm: '1',
        });
        const tar = runStreaming(['tar', '-C', folder, '--owner=0', '--group=0', '--numeric-owner', '-c', '.']);
        await docker.upload(`/build?${query}`, 'application/x-tar', tar);
      }
    }
  });
}

/** Gives `work` a dockerd on a machine of its own, and keeps what it stored in `into`. */
async function withBuilder(
  kind: Kind,
  into: string,
  start: string | undefined,
  version: string,
  work: (docker: Docker) => Promise<void>,
): Promise<void> {
  const lab = builderLab(kind);
  await removeBuilder(lab);
  try {
    const root = join(diskOf(lab, BUILDER), DATA_ROOT);
    const docker = await startBuilder(lab, majorOf(version), {
      fill: async (disk) => {
        if (start) await shareStore(start, join(disk, DATA_ROOT));
      },
    });
    await work(docker);
    await run(inside(lab, BUILDER, ['sync', '--file-system', DATA_ROOT]));
    await powerOff(lab, BUILDER);
    for (const part of ['image', 'overlay2']) await rename(join(root, part), join(into, part));
  } finally {
    await removeBuilder(lab);
  }
}

/** Removes builders whose process died before it could remove them. One that is at work is left alone. */
export async function removeDeadBuilders(): Promise<void> {
  for (const kind of KINDS) await ifFree(lockName(kind), 'clean-up', () => removeBuilder(builderLab(kind)));
}

/** On the cache's disk, so that what was built is moved, not copied. */
function builderLab(kind: Kind): Lab {
  return { name: `build-${kind}`, folder: join(cacheFolder(), `${kind}.builder`), network: undefined };
}

/**
 * Makes `root`, a data-root that does not exist yet, start from a store: its small files are copied, and each layer's
 * content is a symbolic link to the store's, which containers only ever read. So every node has every image in a few
 * hundredths of a second, and the page cache holds them once.
 */
export async function shareStore(store: string, root: string): Promise<void> {
  await mkdir(join(root, 'overlay2'), { recursive: true });
  await cp(join(store, 'image'), join(root, 'image'), { recursive: true });
  const layers = await readdir(join(store, 'overlay2'));
  await Promise.all(
    layers.map(async (layer) => {
      const from = join(store, 'overlay2', layer);
      const to = join(root, 'overlay2', layer);
      if (layer === 'l') return cp(from, to, { recursive: true, verbatimSymlinks: true });
      await mkdir(to, { mode: 0o710 });
      for (const entry of await readdir(from)) {
        if (entry === 'diff') await symlink(await contentOf(join(from, entry)), join(to, entry));
        else await cp(join(from, entry), join(to, entry), { recursive: true });
      }
    }),
  );
}

/** A store that itself started from another links to that one's content. */
async function contentOf(diff: string): Promise<string> {
  return (await lstat(diff)).isSymbolicLink() ? readlink(diff) : diff;
}
