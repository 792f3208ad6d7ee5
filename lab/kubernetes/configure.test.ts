import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../command.ts';
import { configure } from './configure.ts';
import { CONFIG, seats } from './layout.ts';

for (const controlPlanes of [1, 3] as const) {
  describe(`configuration with ${controlPlanes} control plane(s)`, () => {
    const all = seats({ controlPlanes });
    const store = { folder: '/store', images: { folder: '/images', key: '', workloads: {} } };
    let top: string;
    let folder: string;

    before(async () => {
      top = await mkdtemp(join(tmpdir(), 'brownout-configure-'));
      folder = join(top, 'config');
      await configure(folder, all, { controlPlanes, timers: 'tuned', programs: '/programs', store });
    });
    after(() => rm(top, { recursive: true }));

    test('what is written once stays: a second call would give the machines other keys', async () => {
      const key = await readFile(join(folder, 'w1', 'kubelet.key'), 'utf8');
      await configure(folder, all, { controlPlanes, timers: 'default', programs: '/programs', store });
      assert.equal(await readFile(join(folder, 'w1', 'kubelet.key'), 'utf8'), key);
      assert.ok(!existsSync(`${folder}.part`));
    });

    test('HAProxy takes the configuration of the edge', { skip: !existsSync('/usr/sbin/haproxy') }, async () => {
      const files = join(folder, 'edge');
      // It looks for the certificate where the machine has it.
      const config = (await readFile(join(files, 'haproxy.cfg'), 'utf8')).replaceAll(CONFIG, files);
      await writeFile(join(top, 'haproxy.cfg'), config);
      await run(['/usr/sbin/haproxy', '-c', '-f', join(top, 'haproxy.cfg')]);
    });

    test('a worker has a way of its own to several API servers, and needs none to one', () => {
      assert.equal(existsSync(join(folder, 'w1', 'haproxy.cfg')), controlPlanes === 3);
      assert.ok(!existsSync(join(folder, 'c1', 'haproxy.cfg')));
    });

    test('bash can read what a node does first', async () => {
      await run(['bash', '-n', join(folder, 'w1', 'prepare.sh')]);
    });

    test('only control planes run the control plane, and say which timers they have', async () => {
      assert.ok(!existsSync(join(folder, 'w1', 'manifests')));
      const pod = JSON.parse(await readFile(join(folder, 'c1', 'manifests', 'kube-controller-manager.yaml'), 'utf8'));
      const { command } = pod.spec.containers[0];
      assert.equal(command[0], '/programs/kube-controller-manager');
      assert.ok(command.includes('--node-monitor-grace-period=5s'));
      assert.ok(command.includes(`--leader-elect=${controlPlanes === 3}`));
    });
  });
}
