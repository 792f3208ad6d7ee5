import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Api } from '../api/api.ts';
import { openReach } from '../api/reach.ts';
import { untilReady } from './ready.ts';

const pod = (name: string, ready: boolean) => ({
  metadata: {
    name,
    uid: name,
    namespace: 'n',
    resourceVersion: '2',
    labels: { app: 'vote' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'vote', controller: true }],
  },
  spec: { nodeName: 'w1', restartPolicy: 'Always', containers: [{ name: 'vote' }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'vote', restartCount: 0, ready, state: { running: {} } }],
  },
});

test('what is waited for is told, service by service', async () => {
  const server = createServer((request, response) => {
    if (!request.url!.includes('watch=true')) {
      return void response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [pod('a', false)] }));
    }
    const changes = [pod('a', true), pod('b', false), pod('b', true)];
    for (const object of changes) response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'brownout-ready-'));
  const kubeconfig = join(folder, 'config');
  const config = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const api = new Api(openReach({ kubeconfig, context: 'x' }));
  const told: string[] = [];
  try {
    await untilReady(api, { namespace: 'n', services: { vote: 2 } }, 30_000, undefined, (missing) =>
      told.push(missing.join('; ')),
    );
  } finally {
    api.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(told, ['vote: 0 of 2 ready', 'vote: 1 of 2 ready', 'vote: 1 of 2 ready', '']);
});
