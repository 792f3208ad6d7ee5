import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, type LabEntry, labNeeds } from './workloads.ts';

const entry: LabEntry = {
  port: 9000,
  protocol: 'http',
  swarm: 9000,
  kubernetes: 31_900,
  proxmox: { guests: [101], port: 80 },
};

test('the labs find what each workload asks for in its folder', async () => {
  const voting = (await labNeeds()).find(({ workload }) => workload === 'voting');
  assert.ok(voting);
  assert.ok(voting.packages.includes('postgresql'));
  assert.deepEqual(Object.keys(voting.entries), ['vote', 'result']);
});

test('two workloads that want the same name or port of the one edge: an error that names both', () => {
  const one = { workload: 'one', packages: [], entries: { web: entry } };
  const other = (entries: Record<string, LabEntry>) => ({ workload: 'other', packages: [], entries });
  assert.deepEqual(entriesOf([one]), [{ name: 'web', ...entry }]);
  assert.throws(() => entriesOf([one, other({ web: { ...entry, port: 9001 } })]), /one and other both want .*'web'/);
  assert.throws(() => entriesOf([one, other({ shop: entry })]), /one and other both want port 9000/);
});
