import { resolve } from 'node:path';
import { type PlatformModule, z } from 'brownout/platform';
import { type FilesCluster, openFiles, verbs } from './files.ts';

const keys = {
  reach: z
    .strictObject({
      folder: z.string().min(1).describe('Where the cluster is; meant from the cluster file.'),
    })
    .describe('The cluster is a folder.'),
};

type Written = z.output<z.ZodObject<typeof keys>>;

/** A cluster made of files, for trying the life of a run. It proves nothing about recovery times. */
export const platform: PlatformModule<FilesCluster> = {
  kind: 'files',
  keys,
  load: ({ reach }: Written, folder) => ({ reach: { folder: resolve(folder, reach.folder) } }),
  describe: ({ reach }) => reach.folder,
  settings: () => ({}),
  open: async (cluster) => openFiles(cluster),
  verbs: async () => Object.keys(verbs),
  predict: () => [],
};
