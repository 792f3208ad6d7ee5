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

test('each engine’s load comes in ms, fractions and requests a second', async () => {
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
  const ramp = await read('{ probe: page, stages: [{ rate: 1000/s, for: 1m }, { rate: 0/s, for: 60s }] }');
  assert.deepEqual(ramp.scenario.load?.stages, [
    { rate: 1000, for: 60_000 },
    { rate: 0, for: 60_000 },
  ]);
  const closed = await read('{ engine: autocannon, probe: page, connections: 1000, amount: 20000 }');
  assert.deepEqual([closed.scenario.load?.connections, closed.scenario.load?.amount], [1000, 20_000]);
});

test('what cannot be sent is told with its place', async () => {
  const cases: [string, string[]][] = [
    ['{ probe: pages, rate: 5/s }', ["8:16 voting has no probe 'pages'"]],
    ['{ probe: result, rate: 5/s }', ["8:16 a load asks by HTTP, and 'result' is a result probe"]],
    ['{ probe: page, rate: 0/s }', ['8:28 expected more than 0/s: a load of nothing is none']],
    ['{ probe: page, rate: 500 }', ['8:28 expected a rate with its unit, such as 500/s']],
    ['{ probe: page, rate: 1000000/s }', ['8:28 expected at most 100000/s']],
    ['{ probe: page }', ["8:1 'rate' is missing"]],
    ['{ rate: 5/s }', ["8:1 'probe' is missing"]],
    ['{ probe: page, rate: 5/s, stages: [{ rate: 5/s, for: 5s }] }', ["8:41 a load has either 'rate' or 'stages'"]],
    ['{ probe: page, stages: [] }', ['8:30 expected at least one stage']],
    ['{ probe: page, stages: [{ rate: 0/s, for: 5s }] }', ['8:30 expected a stage with more than 0/s']],
    [
      '{ probe: page, rate: 5/s, connections: 10 }',
      ["8:46 'connections' is of the engine autocannon or k6, and this load's is open"],
    ],
    [
      '{ engine: autocannon, probe: page, connections: 10, rate: 5/s }',
      ["8:65 'rate' is of the engine open or k6, and this load's is autocannon", "8:1 'amount' is missing"],
    ],
    ['{ engine: k6 }', ["8:1 'script' is missing"]],
    ['{ engine: k7, probe: page }', ['8:17 expected open, autocannon or k6']],
    [
      '{ probe: page, rate: 5/s, thresholds: { p95: 1s } }',
      ['8:52 no answer is waited for longer than 900 ms: it could never be missed'],
    ],
    ['{ probe: page, rate: 5/s, treshold: {} }', ["8:33 unknown key 'treshold'"]],
  ];
  for (const [load, expected] of cases) {
    const found = await mistakes(load);
    assert.equal(found.length, expected.length, `${load}: ${found.join('\n')}`);
    for (const wanted of expected) {
      assert.ok(
        found.some((message) => message.startsWith(wanted)),
        `${load}: ${found.join('\n')}`,
      );
    }
  }
});

test('a load that asks an entry which the cluster file does not name does not fit it', async () => {
  const cluster = toCluster(
    parseYaml(
      new Source(
        'cluster.yaml',
        'platform: swarm\nreach: { hosts: [ssh://a] }\nallow: { nodes: [w*], namespaces: [brownout-*] }\nentry: { result: http://vip }\n',
      ),
    ),
  );
  const text = scenarioWith('{ probe: page, rate: 5/s }').replace('vote: {}', 'result: {}');
  const found = await misfits(await toScenario(parseYaml(new Source('mine.yaml', text))), cluster);
  assert.deepEqual(
    found.map(({ line, column, message }) => `${line}:${column} ${message}`),
    ["8:16 the load asks the entry 'vote', which cluster.yaml does not name"],
  );
});
