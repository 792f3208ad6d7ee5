import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../api/api.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import type { View } from '../state/view.ts';
import { readManifest } from './manifest.ts';
import { checkSource, planGuests } from './plan.ts';

const view = (online: Record<string, boolean>) =>
  ({
    nodes: Object.entries(online).map(([name, is]) => ({ name, online: is, ha: 'online' })),
    guests: [{ vmid: 9000, name: 'debian', node: 'pve3', type: 'qemu', template: true }],
  }) as unknown as View;
const ALL = { pve1: true, pve2: true, pve3: true };
const cluster = {
  storage: 'fast',
  from: { template: 9000 },
  vmids: { first: 7000, last: 7009 },
  addresses: undefined,
  allow: { nodes: ['*'], namespaces: [] },
} as unknown as ProxmoxCluster;

const api = (nodes?: string) =>
  ({
    get: async (path: string) =>
      path === '/storage'
        ? [{ storage: 'fast', content: 'images', shared: true, ...(nodes === undefined ? {} : { nodes }) }]
        : { name: 'debian', template: '1', agent: '1' },
  }) as unknown as Api;
const { guests } = readManifest(
  JSON.stringify({ guests: { web: { count: 2, memory: 128, parts: { web: { start: ['true'] } } } } }),
);

test('guests are made where their storage is, and nowhere else', async () => {
  const { places } = await checkSource(api('pve2,pve4'), cluster, view(ALL), false);
  const made = planGuests('brownout-a', { guests }, view(ALL), cluster, { addresses: new Set(), places });
  assert.deepEqual(
    made.map(({ node }) => node),
    ['pve2', 'pve2'],
  );
  const none = await checkSource(api('pve4'), cluster, view(ALL), false);
  assert.throws(
    () => planGuests('brownout-a', { guests }, view(ALL), cluster, { addresses: new Set(), places: none.places }),
    { hint: /not in maintenance, allowed and with storage fast: none/ },
  );
});

test('a storage of all nodes restricts nothing', async () => {
  const { places } = await checkSource(api(), cluster, view(ALL), false);
  const made = planGuests('brownout-a', { guests }, view(ALL), cluster, { addresses: new Set(), places });
  assert.deepEqual(
    made.map(({ node }) => node),
    ['pve1', 'pve2'],
  );
});

test('a template can be cloned only while its node is there', async () => {
  await assert.rejects(checkSource(api(), cluster, view({ ...ALL, pve3: false }), false), {
    message: /template 9000 \(debian\) on pve3 cannot be cloned: pve3 is offline, or no node of this cluster/,
  });
});
