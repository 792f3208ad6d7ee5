import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCluster } from '../clusters/load.ts';
import { FileError } from '../files/diagnostic.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { misfits } from './fit.ts';
import { toScenario } from './load.ts';

const scenarioWith = (load: string) => `title: Voting goes on
workload: voting
variant: as-is
faults:
  - member-kill: { member: { service: vote } }
probes:
  vote: {}
load: ${load}
`;

const read = (load: string) => toScenario(parseYaml(new Source('mine.yaml', scenarioWith(load))));

async function mistakes(load: string): Promise<string[]> {
  try {
    await read(load);
    return [];
  } catch (error) {
    assert.ok(error instanceof FileError, String(error));
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

test('a scenario’s load comes in ms, fractions and requests a second', async () => {
  const { scenario } = await read(
    '{ probe: page, rate: 500/s, connection: new, thresholds: { p95: 200ms, errors: 1% } }',
  );
  assert.deepEqual(scenario.load, {
    engine: 'open',
    probe: 'page',
    rate: 500,
    connection: 'new',
    timeout: 900,
    thresholds: { p95: 200, errors: 0.01 },
  });
});

test('what cannot be sent is told with its place in the scenario', async () => {
  const cases: [string, RegExp[]][] = [
    ['{ probe: pages, rate: 5/s }', [/^8:16 voting has no probe 'pages'/]],
    ['{ probe: result, rate: 5/s }', [/^8:16 'result' of voting does not ask by HTTP/]],
    ['{ probe: page, rate: 0/s }', [/^8:28 expected more than 0\/s/]],
    ['{ probe: page, rate: 500 }', [/^8:28 expected a rate with its unit/]],
    ['{ probe: page }', [/^8:1 'rate' or 'stages' is missing/]],
    ['{ probe: page, rate: 5/s, connections: 10 }', [/^8:33 the engine open has no use for 'connections'/]],
    [
      '{ engine: autocannon, probe: page, connections: 10, rate: 5/s }',
      [/^8:1 'amount' is missing/, /^8:59 the engine autocannon has no use for 'rate'/],
    ],
    ['{ engine: k6, script: k7/voting.ts, rate: 5/s }', [/^8:29 there is no script k7\/voting\.ts/]],
    ['{ engine: k7, probe: page }', [/^8:17 expected open, autocannon or k6/]],
    ['{ probe: page, rate: 5/s, treshold: {} }', [/^8:33 unknown key 'treshold'/]],
  ];
  for (const [load, expected] of cases) {
    const found = await mistakes(load);
    assert.equal(found.length, expected.length, `${load}: ${found.join('\n')}`);
    for (const wanted of expected)
      assert.ok(
        found.some((text) => wanted.test(text)),
        `${load}: ${found.join('\n')}`,
      );
  }
});

test('a load that asks an entry which the cluster file does not name does not fit it', async () => {
  const text = `platform: swarm
reach: { hosts: [ssh://a] }
allow: { nodes: [w*], namespaces: [brownout-*] }
entry: { result: http://vip }
`;
  const cluster = toCluster(parseYaml(new Source('cluster.yaml', text)));
  const scenario = scenarioWith('{ probe: page, rate: 5/s }').replace('vote: {}', 'result: {}');
  const found = await misfits(await toScenario(parseYaml(new Source('mine.yaml', scenario))), cluster);
  assert.deepEqual(
    found.map(({ line, column, message }) => `${line}:${column} ${message}`),
    ["8:16 the load asks the entry 'vote', which cluster.yaml does not name"],
  );
});

test('in place of a fault stands a load that says itself how it goes and ends: stages, or an amount with its time', async () => {
  const instead = (load: string) =>
    toScenario(
      parseYaml(
        new Source(
          'mine.yaml',
          scenarioWith(load).replace('faults:\n  - member-kill: { member: { service: vote } }', 'faults: []'),
        ),
      ),
    );
  const closed = '{ engine: autocannon, probe: page, connections: 10, amount: 100';
  assert.equal((await instead(`${closed}, for: 60s }`)).scenario.faults.length, 0);
  assert.equal((await instead('{ probe: page, stages: [{ rate: 100/s, for: 10s }] }')).scenario.faults.length, 0);
  for (const load of [`${closed} }`, '{ probe: page, rate: 5/s }'])
    await assert.rejects(instead(load), /mine\.yaml:4:9: expected at least one fault, or a load of stages/);
});
