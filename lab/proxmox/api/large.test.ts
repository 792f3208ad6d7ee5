/** What a large cluster costs to look at. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Client } from '../../../tests/proxmox/client.ts';
import { MemoryCluster, TOKEN_SECRET } from '../../../tests/proxmox/memory-cluster.ts';
import { Authority } from '../../../tests/proxmox/server.ts';

test('32 nodes and 5,000 guests are told in one answer, in little time', { timeout: 120_000 }, async () => {
  const authority = new Authority();
  const cluster = await MemoryCluster.start(authority, { nodes: 32, guests: 5000 });
  try {
    const client = new Client((name) => cluster.origin(name), readFileSync(authority.file, 'utf8'));
    const token = { authorization: `PVEAPIToken=root@pam!rec=${TOKEN_SECRET}` };
    for (const [what, rows] of [
      ['GET /cluster/resources', 5000 + 3 * 32],
      ['GET /cluster/ha/resources', 2500],
      ['GET /nodes', 32],
      ['GET /nodes/pve32/qemu', 156],
    ] as const) {
      const began = performance.now();
      const { data } = await client.ask('pve1', what, {}, token);
      assert.equal((data as unknown[]).length, rows, what);
      assert.ok(performance.now() - began < 5000, `${what}: ${performance.now() - began} ms`);
    }
    const { data } = await client.ask('pve1', 'GET /cluster/resources', { type: 'vm' }, token);
    assert.ok((data as { status: string; name: string }[]).every(({ status }) => status === 'running'));
  } finally {
    await cluster.stop();
    authority.remove();
  }
});
