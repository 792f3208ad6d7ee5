/** Things that people gave the same name stay two things, in Allure, in `--json` and in `runs`: real runs on two toy clusters at once, and no lab. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBrownout } from './brownout.ts';

const root = path.dirname(import.meta.dirname);
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-names-'));
const brownout = (...words: string[]) => startBrownout(project, ...words);

/** Ports of their own, so that no other toy of this machine answers for one of these. */
const PORTS = { staging: 18_287, prod: 18_288 };
/** In staging a server that was started again answers only so much later: longer than the scenario's objective. */
const DELAYS = { staging: 8_000, prod: 0 };

before(() => {
  cpSync(path.join(root, 'examples'), project, {
    recursive: true,
    filter: (source) => !['.brownout', '.toy', 'clusters', 'scenarios'].includes(path.basename(source)),
  });
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }));
  const hello = path.join(project, 'fixtures', 'hello');
  edit(path.join(hello, 'workload.ts'), { '{ platform })': '{ platform, images })', 'String(PORT)': 'images.port' });
  edit(path.join(hello, 'workload.ts'), { "'Hello']": "'Hello', images.delay]" });
  edit(path.join(hello, 'server.ts'), {
    'text, folder]': 'text, delay, folder]',
    'string, string]': 'string, string, string]',
  });
  edit(path.join(hello, 'server.ts'), { 'server.listen(': 'setTimeout(() => server.listen(' });
  edit(path.join(hello, 'server.ts'), { '\n});': '\n}), Number(delay));' });
  for (const name of ['staging', 'prod'] as const) {
    write(`${name}/cluster.yaml`, [
      'platform: toy',
      'reach: { folder: .toy, nodes: [n1, n2, n3] }',
      'allow: { nodes: ["n*"], namespaces: ["brownout-*"] }',
      `entry: { hello: "http://127.0.0.1:${PORTS[name]}" }`,
      `images: { port: "${PORTS[name]}", delay: "${DELAYS[name]}" }`,
    ]);
  }
  for (const folder of ['one', 'two']) {
    write(`scenarios/${folder}/killed.yaml`, [
      'title: A hello survives the death of its servers',
      'workload: hello',
      'variant: as-is',
      'steady: 5s',
      'horizon: 30s',
      'faults: [{ member-kill: { member: { service: web, share: 100% } } }]',
      'probes: { greeting: { every: 200ms } }',
      'objectives: { greeting: { recovery: 20s, outage: 5s } }',
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
  testCaseId: string;
  parameters: { name: string; value: string }[];
}

function allureResults(): AllureResult[] {
  const folder = path.join(project, '.brownout', 'allure-results');
  return readdirSync(folder)
    .filter((name) => name.endsWith('-result.json'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
}

describe('two cluster files of the same name, and two scenario files of the same name and title', () => {
  let told: { outcomes: { scenario: string; cluster: string; verdict: string; run: string }[] };

  before(async () => {
    const running = brownout('run', 'scenarios', '-c', 'staging/cluster.yaml', 'prod/cluster.yaml', '--json');
    let json = '';
    running.child.stdout!.on('data', (chunk) => {
      json += chunk;
    });
    await running.ended;
    told = JSON.parse(json);
  });

  it('are four tests in Allure, each with the status of its own run', () => {
    const results = allureResults();
    assert.equal(new Set(results.map(({ historyId }) => historyId)).size, 4, JSON.stringify(results, null, 1));
    const point = readFileSync(path.join(project, '.brownout', 'allure-history.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .at(-1)!;
    const reported = Object.values(
      (JSON.parse(point) as { testResults: Record<string, { status: string }> }).testResults,
    );
    const failed = told.outcomes.filter(({ verdict }) => verdict !== 'pass').length;
    assert.equal(reported.length, 4);
    assert.ok(failed >= 2, 'staging is too slow for its objective');
    assert.equal(reported.filter(({ status }) => status !== 'passed').length, failed);
  });

  it('are told apart in --json and in runs', async () => {
    const pairs = told.outcomes.map(({ scenario, cluster }) => `${scenario} on ${cluster}`).sort();
    assert.deepEqual(pairs, [
      'scenarios/one/killed.yaml on prod/cluster.yaml',
      'scenarios/one/killed.yaml on staging/cluster.yaml',
      'scenarios/two/killed.yaml on prod/cluster.yaml',
      'scenarios/two/killed.yaml on staging/cluster.yaml',
    ]);
    const runs = brownout('runs');
    await runs.ended;
    for (const pair of pairs) assert.ok(runs.output().includes(pair), `${pair} in\n${runs.output()}`);
  });
});
