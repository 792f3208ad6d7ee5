import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeConfig } from '../edge.ts';
import { EDGE, EDGE_CHECK, ENTRIES, edgeEntries, seats } from './layout.ts';

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

test('the edge leads each entry to every node, at random', () => {
  const config = edgeConfig(edgeEntries(seats({ managers: 1 })), EDGE_CHECK);
  for (const [name, port] of Object.entries(ENTRIES)) {
    const section = config.slice(config.indexOf(`listen ${name}`)).split('\n\n')[0]!;
    assert.match(section, new RegExp(`bind :${port}\\n`));
    assert.match(section, /balance random/);
    for (const { name: node, address } of seats({ managers: 1 }))
      assert.match(section, new RegExp(`server ${node} ${address}:${port}`));
  }
});
