import assert from 'node:assert/strict';
import { appendFile, lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { shareContainerdStore } from './images.ts';

test('a node links the content of images, and has everything that containerd writes to itself', async () => {
  const top = await mkdtemp(join(tmpdir(), 'brownout-store-'));
  try {
    const folder = join(top, 'store');
    const layer = 'io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs';
    const blob = 'io.containerd.content.v1.content/blobs/sha256/0123abcd';
    const database = 'io.containerd.metadata.v1.bolt/meta.db';
    for (const file of [`${layer}/etc/hostname`, blob, database]) {
      await mkdir(dirname(join(folder, 'root', file)), { recursive: true });
      await writeFile(join(folder, 'root', file), file);
    }
    const root = join(top, 'node');
    await shareContainerdStore({ folder, images: { folder: '', key: '', workloads: {} } }, root);

    for (const each of [layer, blob]) assert.ok((await lstat(join(root, each))).isSymbolicLink(), each);
    assert.equal(await readFile(join(root, layer, 'etc/hostname'), 'utf8'), `${layer}/etc/hostname`);
    await appendFile(join(root, database), ' changed');
    assert.equal(await readFile(join(folder, 'root', database), 'utf8'), database);
    // New snapshots and blobs go beside the links, not into the store.
    for (const each of [layer, blob]) assert.ok((await lstat(dirname(join(root, each)))).isDirectory());
  } finally {
    await rm(top, { recursive: true });
  }
});
