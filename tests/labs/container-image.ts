/** The image of ci/Containerfile, built by a Docker on a machine of its own from the labs' base image: no registry is asked. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { run, runStreaming } from '../../lab/command.ts';
import type { Docker } from '../../lab/docker/api.ts';
import { BUILDER, removeBuilder, startBuilder } from '../../lab/docker/builder.ts';
import { DATA_ROOT, majorOf, SOCKET } from '../../lab/docker/daemon.ts';
import { inside, powerOff } from '../../lab/host.ts';
import { imageStore, shareStore } from '../../lab/image/store.ts';
import { fullName } from '../../lab/kubernetes/images.ts';
import { kubernetesLab } from '../../lab/kubernetes/layout.ts';
import type { Lab } from '../../lab/lab.ts';

const root = join(import.meta.dirname, '../..');
export const IMAGE = 'brownout/brownout:lab';
const progress = (text: string) => console.error(text);

export interface Builder {
  docker: Docker;
  /** The words that run a program on the machine. */
  inside(argv: string[]): string[];
  remove(): Promise<void>;
}

/** @param folder of the test, in which all of it is; what is in its `project` is at /project on the machine */
export async function buildImage(folder: string): Promise<Builder> {
  const lab: Lab = { name: 'container-test', folder: join(folder, 'lab'), network: undefined };
  const context = join(folder, 'context');
  await execa('sh', ['bin/with-node.sh', 'ci/image.ts', context], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const images = await imageStore(progress);
  const dockerMajor = majorOf(await run(['dockerd', '--version']));
  const machine = {
    inside: (argv: string[]) => inside(lab, BUILDER, argv),
    async remove() {
      await powerOff(lab, BUILDER);
      await removeBuilder(lab);
    },
  };
  try {
    const docker = await startBuilder(lab, dockerMajor, {
      mounts: [{ from: join(folder, 'project'), to: '/project', readonly: false }],
      fill: (disk) => shareStore(images.folder, join(disk, DATA_ROOT)),
    });
    const query = new URLSearchParams({
      t: IMAGE,
      buildargs: JSON.stringify({ BASE: 'brownout/base' }),
      networkmode: 'none',
      rm: '1',
    });
    const tar = runStreaming(['tar', '-C', context, '--owner=0', '--group=0', '--numeric-owner', '-c', '.']);
    await docker.upload(`/build?${query}`, 'application/x-tar', tar);
    return { docker, ...machine };
  } catch (error) {
    await machine.remove();
    throw error;
  }
}

/** Puts the image into a file on this computer; returns its path. */
async function saveImage(builder: Builder, folder: string): Promise<string> {
  await run(builder.inside(dockerWith('save', '--output', '/project/image.tar', IMAGE)));
  return join(folder, 'project', 'image.tar');
}

const CTR = ['ctr', '--namespace', 'k8s.io', 'images'];

/** Builds the image and puts it on one node of the lab's Kubernetes, which must be up. Resolves with what takes it away again. */
export async function giveToNode(node: string, folder: string): Promise<() => Promise<void>> {
  mkdirSync(join(folder, 'project'));
  const builder = await buildImage(folder);
  const file = await saveImage(builder, folder).finally(() => builder.remove());
  await run(inside(kubernetesLab, node, [...CTR, 'import', file]));
  rmSync(file);
  return async () => void (await run(inside(kubernetesLab, node, [...CTR, 'rm', fullName(IMAGE)])).catch(() => ''));
}

/** `docker` with these words, on the machine. */
export const dockerWith = (...words: string[]) => ['docker', '--host', `unix://${SOCKET}`, ...words];
