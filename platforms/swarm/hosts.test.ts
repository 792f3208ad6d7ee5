import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SwarmNode } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import { nodesOf } from './inspect.ts';
import { openSwarm } from './swarm.ts';

test('a manager that is cut off answers, though it says nothing of the Swarm any more', async (t) => {
  let isCutOff = false;
  const server = createServer((request, response) => {
    if (request.url!.endsWith('/_ping')) return response.end('OK');
    // Without a leader Docker does not refuse, it is silent.
    if (isCutOff) return undefined;
    return response.end(JSON.stringify({ Name: 'm1', Swarm: { NodeID: 'one', ControlAvailable: true } }));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reach = { hosts: [`tcp://127.0.0.1:${port}`], tls: undefined };
  const platform = await openSwarm({ reach, allow: { namespaces: ['*'] } } as unknown as SwarmCluster);
  t.after(() => platform.close());
  assert.equal(await platform.answers('m1'), true);
  isCutOff = true;
  assert.equal(await platform.answers('m1'), true);
  server.closeAllConnections();
  server.close();
  assert.equal(await platform.answers('m1'), false);
});

test('a manager is ready when it takes part again, and while there is a leader', () => {
  const node = (Hostname: string, ManagerStatus?: SwarmNode['ManagerStatus']) =>
    ({
      Description: { Hostname },
      Spec: { Role: ManagerStatus ? 'manager' : 'worker', Availability: 'active' },
      Status: { State: 'ready' },
      ...(ManagerStatus ? { ManagerStatus } : {}),
    }) as SwarmNode;
  const ready = (...nodes: SwarmNode[]) => nodesOf(nodes).flatMap(({ name, ready }) => (ready ? [name] : []));
  const [leader, other] = [
    node('m1', { Leader: true, Reachability: 'reachable' }),
    node('m2', { Reachability: 'reachable' }),
  ];
  assert.deepEqual(ready(leader, other, node('w1')), ['m1', 'm2', 'w1']);
  assert.deepEqual(ready(leader, node('m2', { Reachability: 'unreachable' }), node('w1')), ['m1', 'w1']);
  assert.deepEqual(ready(node('m1', { Reachability: 'reachable' }), other, node('w1')), ['w1']);
});
