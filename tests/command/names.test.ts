/** Things that people gave the same name stay two things, in Allure, in `--json` and in `runs`: real runs on two toy clusters at once, and no lab. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
let project = mkdtempSync(path.join(os.tmpdir(), 'brownout-names-'));
const brownout = (...words: string[]) => startBrownout(project, ...words);

/** Ports of their own, so that no other toy of this machine answers for one of these. */
const PORTS = { staging: 18_287, prod: 18_288 };
/** How long a server takes for each answer, ms: in staging longer than the scenario's objective. */
const DELAYS = { staging: 400, prod: 0 };
/** One is waited for until it has recovered; the other has a fault that ends at once, and so has its run. */
const FAULTS = { one: 'member-kill', two: 'ends-at-once' };

const CLUSTERS = ['staging/cluster.yaml', 'prod/cluster.yaml'];
const SCENARIOS = ['scenarios/one/killed.yaml', 'scenarios/two/killed.yaml'];
const JOURNEYS = ['journeys/a/visit.spec.ts', 'journeys/b/visit.spec.ts'];

before(() => {
  copyExamples(project, ['clusters', 'scenarios']);
  const hello = path.join(project, 'fixtures', 'hello');
  edit(path.join(hello, 'workload.ts'), { '{ platform })': '{ platform, images })', 'String(PORT)': 'images.port' });
  edit(path.join(hello, 'workload.ts'), { "'Hello']": "'Hello', images.delay]" });
  edit(path.join(hello, 'server.ts'), {
    'text, folder]': 'text, delay, folder]',
    'string, string]': 'string, string, string]',
  });
  edit(path.join(hello, 'server.ts'), { 'response.end(': 'setTimeout(response.end.bind(response), Number(delay), ' });
  const faults = path.join(project, 'faults');
  cpSync(path.join(faults, 'member-stop.ts'), path.join(faults, 'ends-at-once.ts'));
  edit(path.join(faults, 'ends-at-once.ts'), {
    "'member-stop'": "'ends-at-once'",
    'const members = membersOf(targets);': "$& throw new Error('at once');",
  });
  for (const name of ['staging', 'prod'] as const) {
    write(`${name}/cluster.yaml`, [
      'platform: toy',
      'reach: { folder: .toy, nodes: [n1, n2, n3] }',
      'allow: { nodes: ["n*"], namespaces: ["brownout-*"] }',
      `entry: { hello: "http://127.0.0.1:${PORTS[name]}" }`,
      `images: { port: "${PORTS[name]}", delay: "${DELAYS[name]}" }`,
    ]);
  }
  for (const journey of JOURNEYS) {
    write(journey, [
      `import { test } from '${root}/fixtures/test.ts';`,
      `test('a visit', async ({ brownout }) => { await brownout.run('${SCENARIOS[1]}'); });`,
    ]);
  }
  for (const [folder, fault] of Object.entries(FAULTS)) {
    write(`scenarios/${folder}/killed.yaml`, [
      'title: A hello survives the death of its servers',
      'workload: hello',
      'variant: as-is',
      'steady: 2s',
      'horizon: 30s',
      `faults: [{ ${fault}: { member: { service: web, share: 100% } } }]`,
      'probes: { greeting: { every: 50ms } }',
      'objectives: { greeting: { recovery: 20s, p95: 300ms } }',
    ]);
  }
});
after(() => rmSync(project, { recursive: true, force: true }));

function edit(file: string, changes: Record<string, string>): void {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of Object.entries(changes)) text = text.replace(from, to);
  writeFileSync(file, text);
}

function write(file: string, lines: string[]): void {
  mkdirSync(path.join(project, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(project, file), `${lines.join('\n')}\n`);
}

interface AllureResult {
  name: string;
  status: string;
  historyId: string;
  parameters: { name: string; value: string }[];
}

interface Told {
  outcomes: { scenario: string; cluster: string; journey?: string; verdict: string; run: string }[];
  allure: string;
}

/** `dir`: the folder of an invocation, or where the newest is. */
function allureResults(dir = path.join(project, '.brownout')): AllureResult[] {
  const folder = path.join(dir, 'allure-results');
  return readdirSync(folder)
    .filter((name) => name.endsWith('-result.json'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
}

/** What Allure's own reading of the results made of each test, by invocation. */
function allureHistory(): { status: string; name: string }[][] {
  const lines = readFileSync(path.join(project, '.brownout', 'allure-history.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => Object.values((JSON.parse(line) as { testResults: object }).testResults));
}

async function run(...words: string[]): Promise<{ told: Told; lines: string }> {
  const running = brownout('run', ...words, '--json');
  let [json, lines] = ['', ''];
  running.child.stdout!.on('data', (chunk) => {
    json += chunk;
  });
  running.child.stderr!.on('data', (chunk) => {
    lines += chunk;
  });
  await running.ended;
  return { told: JSON.parse(json), lines };
}

describe('clusters, scenarios and journeys of the same names and titles, at once', () => {
  let told: Told;
  let lines: string;

  before(async () => {
    ({ told, lines } = await run('scenarios', SCENARIOS[0]!, ...JOURNEYS, '-c', ...CLUSTERS));
  });

  const each = () =>
    CLUSTERS.flatMap((cluster) => [
      ...SCENARIOS.map((scenario) => `${scenario} on ${cluster}`),
      ...JOURNEYS.map((journey) => `${journey} › a visit: ${SCENARIOS[1]} on ${cluster}`),
    ]).sort();

  it('each is an outcome of its own in --json, and none was refused because of another', () => {
    const outcomes = told.outcomes.map(
      ({ scenario, cluster, journey }) => `${journey ? `${journey}: ` : ''}${scenario} on ${cluster}`,
    );
    assert.deepEqual(outcomes.sort(), each());
    assert.ok(told.outcomes.every(({ verdict }) => verdict !== undefined));
  });

  it('each is a test of its own in Allure, with the status of its own run', () => {
    const results = allureResults();
    assert.equal(new Set(results.map(({ historyId }) => historyId)).size, 8);
    const reported = allureHistory().at(-1)!;
    assert.equal(reported.length, 8);
    const slow = told.outcomes.find(({ cluster, scenario }) => cluster === CLUSTERS[0] && scenario === SCENARIOS[0]);
    assert.notEqual(slow!.verdict, 'pass', 'staging is too slow for its objective');
    const failed = told.outcomes.filter(({ verdict }) => verdict !== 'pass').length;
    assert.equal(reported.filter(({ status }) => status !== 'passed').length, failed);
  });

  it('each line that was shown says of which cluster it is', () => {
    const strange = lines.split('\n').filter((line) => line && !CLUSTERS.some((cluster) => line.startsWith(cluster)));
    assert.deepEqual(strange, []);
  });

  it('runs tells them apart', async () => {
    const runs = brownout('runs');
    await runs.ended;
    for (const scenario of SCENARIOS)
      for (const cluster of CLUSTERS) assert.ok(runs.output().includes(`(${scenario} on ${cluster})`), runs.output());
  });
});

it('two invocations in one project keep their own results, reports and places in the history', async () => {
  const before = allureHistory().length;
  const both = await Promise.all(
    CLUSTERS.map((cluster) => run(SCENARIOS[1]!, '-c', cluster).then(({ told }) => ({ told, cluster }))),
  );
  for (const { told, cluster } of both) {
    const results = allureResults(path.dirname(path.dirname(told.allure)));
    const of = (name: string) => results.map(({ parameters }) => parameters.find((one) => one.name === name)?.value);
    assert.deepEqual(of('cluster'), [cluster]);
    assert.ok(existsSync(told.allure));
  }
  assert.notEqual(both[0]!.told.allure, both[1]!.told.allure);
  assert.equal(allureHistory().length, before + 2);
  assert.ok(existsSync(path.join(project, '.brownout', 'allure-report', 'index.html')));
});

it('the same test in another checkout goes on with its history', async () => {
  const historyId = async (file: string, cluster: string) => {
    await run(file, '-c', cluster, '--no-allure');
    return allureResults()[0]!.historyId;
  };
  // Refused, which takes no time.
  edit(path.join(project, CLUSTERS[1]!), { 'brownout-*': 'others-*' });
  const here = await historyId(SCENARIOS[0]!, CLUSTERS[1]!);
  const moved = `${project}-moved`;
  renameSync(project, moved);
  project = moved;
  assert.equal(await historyId(SCENARIOS[0]!, CLUSTERS[1]!), here);
  assert.notEqual(await historyId(SCENARIOS[1]!, CLUSTERS[1]!), here);
});
