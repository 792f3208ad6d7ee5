import { resolve } from 'node:path';
import { type PlatformModule, z } from 'brownout/platform';
import type { ToyCluster } from './cluster.ts';
import { openToy, verbs } from './toy.ts';

const keys = {
  reach: z
    .strictObject({
      folder: z.string().min(1).describe('Where the cluster keeps its state; meant from the cluster file.'),
      nodes: z
        .array(z.string().regex(/^[a-z][a-z0-9-]*$/))
        .min(1)
        .describe('The names of its nodes.'),
    })
    .describe('The toy is a folder of this machine.'),
};

type Written = z.output<z.ZodObject<typeof keys>>;

/** A cluster to play with: members are processes of this machine, and a node is a name for some of them. */
export const platform: PlatformModule<ToyCluster> = {
  kind: 'toy',
  keys,
  load: ({ reach }: Written, folder) => ({ reach: { ...reach, folder: resolve(folder, reach.folder) } }),
  describe: ({ reach }) => `${reach.nodes.length} nodes`,
  settings: () => ({}),
  open: async (cluster) => openToy(cluster),
  verbs: async () => Object.keys(verbs),
  predict: () => [],
};
