import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCluster } from '../clusters/load.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { misfits } from './fit.ts';
import { toScenario } from './load.ts';
import { scenarioOn } from './on-cluster.ts';

const read = (text: string) => toScenario(parseYaml(new Source('mine.yaml', text)));

const least = (steady: string) => `title: Voting goes on
workload: voting
variant: hardened
steady: ${steady}
faults:
  - member-kill: { member: { service: vote } }
probes:
  vote: { every: 50ms }
  result: { every: 1s }
`;

const cluster = clusterOf('probe-interval: 500ms');

function clusterOf(more: string, entry = "{ '*': 'http://vip:{port}' }") {
  const text = `platform: swarm
reach: { hosts: [ssh://a] }
allow: { nodes: [w*], namespaces: [brownout-*] }
entry: ${entry}
images: { '*': voting, tools: tools }
shared: /srv/shared
${more}
`;
  return toCluster(parseYaml(new Source('small.yaml', text)));
}

test('no probe comes more often than the cluster file has it, and none is hurried', async () => {
  const { scenario } = await read(least('60s'));
  const { probes } = scenarioOn(cluster, scenario);
  assert.deepEqual([probes.vote?.every, probes.result?.every], [500, 1000]);
  assert.deepEqual(scenarioOn({ platform: 'swarm' }, scenario).probes, scenario.probes);
});

test('a steady state that is then too short for a verdict is told by check, with its place', async () => {
  const misfit = async (steady: string, text = least(steady).replace('every: 1s', 'every: 50ms')) =>
    (await misfits(await read(text), cluster)).map(({ line, column, message, hint }) => [line, column, message, hint]);
  assert.deepEqual(await misfit('10500ms'), []);
  const [first, second, ...rest] = await misfit('10s');
  const why = 'comes too seldom for 10 s of steady state: every 500 ms, by the probe-interval of small.yaml';
  const hint = 'steady must be at least 10.5 s there';
  assert.deepEqual(first, [8, 3, `'vote' ${why}`, hint]);
  assert.deepEqual(second, [9, 3, `'result' ${why}`, hint]);
  assert.deepEqual(rest, []);
});

const flood = `title: Voting goes on
workload: voting
variant: hardened
faults:
  - member-kill: { member: { service: vote } }
  - namespace-dos: { node: { running: vote }, kind: flood, service: vote }
probes:
  vote: { every: 100ms, exact: true }
  result: { every: 100ms }
load: { probe: page, stages: [{ rate: 300/s, for: 10s }, { rate: 20/s, for: 10s }] }
`;

const told = async (text: string, more: string) =>
  (await misfits(await read(text), clusterOf(more))).map(({ line, column, message }) => [line, column, message]);

test('what the entries do not bear beside a fault is told by check, with its place', async () => {
  const capacity = 'the capacity that small.yaml gives for its entries is';
  assert.deepEqual(await told(flood, 'capacity: 100/s'), [
    [6, 5, `'namespace-dos' sends up to 1000/s, and ${capacity} 100/s`],
    [10, 1, `the load sends up to 300/s, and ${capacity} 100/s`],
  ]);
  assert.deepEqual(await told(flood, 'capacity: 300/s'), [
    [6, 5, `'namespace-dos' sends up to 1000/s, and ${capacity} 300/s`],
  ]);
  assert.deepEqual(await told(flood, 'capacity: 1000/s'), []);
  assert.deepEqual(await told(flood, ''), []);
});

test('an entry that a probe cannot ask does not fit, as plan says', async () => {
  const wrong = clusterOf('', '{ vote: smb://vip/share, result: tcp://vip:80 }');
  const found = (await misfits(await read(flood), wrong)).map(({ line, column, message }) => [line, column, message]);
  assert.deepEqual(found, [
    [8, 3, "probe vote: 'smb://vip/share' is not an address for a vote probe"],
    [9, 3, "probe result: 'tcp://vip:80' is not an address for a result probe"],
  ]);
});

test('a load of which nobody knows the rate does not fit beside a fault where the entries have a capacity', async () => {
  const why = 'the load sends as much as is answered, and the capacity that small.yaml gives for its entries is 5000/s';
  const closed = '{ engine: autocannon, probe: page, connections: 1000, amount: 20000 }';
  for (const load of [closed, '{ engine: k6, script: k6/voting.ts }']) {
    const text = flood.replace(/^load: .*/m, `load: ${load}`);
    assert.deepEqual(await told(text, 'capacity: 5000/s'), [[10, 1, why]]);
    assert.deepEqual(await told(text, ''), []);
  }
});

test('a load in place of a fault is meant to be more than is borne', async () => {
  const overload = flood.replace(/faults:.*probes/s, 'faults: []\nprobes');
  assert.deepEqual(await told(overload, 'capacity: 100/s'), []);
});

test('a probe whose interval is exact comes no less often: where it may not come so often, the scenario does not fit', async () => {
  assert.deepEqual(await told(flood, 'probe-interval: 101ms'), [
    [8, 3, "'vote' must come every 100 ms, and the probe-interval of small.yaml is 101 ms"],
  ]);
  assert.deepEqual(await told(flood, 'probe-interval: 100ms'), []);
  const { probes } = scenarioOn(cluster, (await read(flood)).scenario);
  assert.deepEqual([probes.vote?.every, probes.result?.every], [100, 500]);
});

test('a capacity of nothing is refused', () => {
  assert.throws(() => clusterOf('capacity: 0/s'), { message: /expected more than 0\/s/ });
});

test('an interval that no scenario could have is refused', () => {
  for (const [interval, message] of [
    ['5ms', /expected 10ms to 10s/],
    ['1m', /expected 10ms to 10s/],
    ['500', /expected a duration/],
  ] as const) {
    const text = `platform: swarm\nreach: { hosts: [ssh://a] }\nallow: { nodes: [w*], namespaces: [brownout-*] }\nprobe-interval: ${interval}\n`;
    assert.throws(() => toCluster(parseYaml(new Source('small.yaml', text))), { message });
  }
});
