import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeConfig } from '../edge.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { EDGE, EDGE_CHECK, edgeEntries, seats } from './layout.ts';

test('one manager and two workers, or three managers, at the same addresses', () => {
  const one = seats({ managers: 1 });
  const three = seats({ managers: 3 });
  assert.deepEqual(
    one.map(({ name, role }) => `${name} ${role}`),
    ['m1 manager', 'w1 worker', 'w2 worker'],
  );
  assert.deepEqual(
    three.map(({ name, role }) => `${name} ${role}`),
    ['m1 manager', 'm2 manager', 'm3 manager'],
  );
  assert.deepEqual(
    one.map(({ address }) => address),
    three.map(({ address }) => address),
  );
  assert.equal(new Set([...one.map(({ address }) => address), EDGE.address]).size, 4);
});

test('the edge leads each entry of each workload to every node, at random', async () => {
  const nodes = seats({ managers: 1 });
  const entries = entriesOf(await labNeeds());
  assert.ok(entries.length > 2);
  const config = edgeConfig(edgeEntries(entries, nodes), EDGE_CHECK);
  for (const { name, port, protocol, swarm } of entries) {
    const section = config.slice(config.indexOf(`listen ${name}\n`)).split('\n\n')[0]!;
    const tls = protocol === 'https' ? ' ssl crt /srv/edge/edge.pem' : '';
    assert.match(section, new RegExp(`bind :${port}${tls}\\n`));
    assert.match(section, new RegExp(`mode ${protocol.startsWith('http') ? 'http' : 'tcp'}\\n`));
    assert.match(section, /balance random/);
    for (const { name: node, address } of nodes)
      assert.match(section, new RegExp(`server ${node} ${address}:${swarm}`));
  }
});
