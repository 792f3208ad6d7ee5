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

const cluster = toCluster(
  parseYaml(
    new Source(
      'small.yaml',
      `platform: swarm
reach: { hosts: [ssh://a] }
allow: { nodes: [w*], namespaces: [brownout-*] }
entry: { '*': 'http://vip:{port}' }
images: { '*': voting }
shared: /srv/shared
probe-interval: 500ms
`,
    ),
  ),
);

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
