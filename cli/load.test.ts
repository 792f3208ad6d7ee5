import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { type Counted, serveHttp } from '../tests/servers/load-by-hand.ts';
import { until } from '../tests/until.ts';

const root = path.join(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-load-'));
const at = (name: string) => path.join(folder, name);
let server: Counted;

before(async () => {
  server = await serveHttp((request, response) => {
    response.statusCode = request.headers.cookie?.includes('voter_id=load-') ? 503 : 200;
    response.end('It works! Served by web-1');
  });
  const write = (name: string, lines: string[]) => writeFileSync(at(name), `${lines.join('\n')}\n`);
  const cluster = (entry: string) => [
    'platform: swarm',
    'reach: { hosts: [tcp://127.0.0.1:1] }',
    "allow: { nodes: ['*'], namespaces: [brownout-*] }",
    `entry: { ${entry} }`,
  ];
  write('cluster.yaml', cluster(`web: ${server.target}, vote: ${server.target}`));
  write('other.yaml', cluster(`shop: ${server.target}`));
  write('dead.yaml', cluster('web: http://127.0.0.1:9'));
  const closed = (workload: string, probe: string) => [
    `workload: ${workload}`,
    `load: { engine: autocannon, probe: ${probe}, connections: 5, amount: 60, timeout: 20s }`,
  ];
  write('closed.yaml', closed('apache', 'page'));
  write('votes.yaml', closed('voting', 'vote'));
  const load = (more: string) => [
    'workload: apache',
    `load: { probe: page, rate: 100/s, for: 1s, timeout: 20s, ${more} }`,
  ];
  write('kept.yaml', load('thresholds: { p95: 19s, errors: 1% }'));
  write('rises.yaml', [
    'workload: apache',
    'load: { probe: page, stages: [{ rate: 50/s, for: 1s }, { rate: 200/s, for: 7s }], timeout: 20s }',
  ]);
  write('folder.yaml', ['load: { engine: k6, script: ., rate: 5/s, for: 5s }']);
  write('missed.yaml', load('thresholds: { p95: 1ms }, connection: new'));
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function brownout(...words: string[]) {
  const cluster = words.includes('-c') ? [] : ['-c', at('cluster.yaml')];
  return execa(process.execPath, [path.join(root, 'cli/main.ts'), 'load', ...words, ...cluster], {
    reject: false,
    timeout: 120_000,
  });
}

describe('brownout load', () => {
  test('of a load file is green where its thresholds are kept', async () => {
    const { exitCode, stdout, stderr } = await brownout(at('kept.yaml'));
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /^Load +100\/s to http:\/\/127\.0\.0\.1:\d+ for 1 s, connections reused, on \S+cluster\.yaml$/m,
    );
    assert.match(stdout, /^Requests +100 offered, 100 sent, 100 good, 0 failed, 0 dropped$/m);
    assert.match(stdout, /^pass +p95: /m);
    assert.match(stdout, /^pass +errors: 0 of 100, 0\.00 %, wanted ≤ 1\.00 %$/m);
  });

  test('as JSON says all of it', async () => {
    const { exitCode, stdout } = await brownout('apache:page', '--rate', '50/s', '--for', '2s', '--json');
    const { load, report, checks, seconds } = JSON.parse(stdout);
    assert.deepEqual([load.engine, load.connection, load.rate.from], ['open', 'reused', 50]);
    assert.deepEqual([report.engine, report.outcome, report.totals.offered], ['open', 'done', 100]);
    assert.equal(
      seconds.reduce((sum: number, second: { offered: number }) => sum + second.offered, 0),
      100,
    );
    // On a machine that is busy for half of a timeout, requests are dropped.
    assert.equal(exitCode, checks[0].result === 'pass' ? 0 : 2);
  });

  test('in a closed model, with an engine of that name', async () => {
    const asked = server.asked();
    const { exitCode, stdout } = await brownout(at('closed.yaml'), '--json');
    const { report } = JSON.parse(stdout);
    assert.equal(exitCode, 0);
    assert.match(report.engine, /^autocannon \d/);
    assert.deepEqual([report.totals.ok, server.asked() - asked], [60, 60]);
  });

  test('that misses a threshold is red, or unknown where the engine was late itself', async () => {
    const { exitCode, stdout } = await brownout(at('missed.yaml'), '--json');
    const [check] = JSON.parse(stdout).checks;
    assert.equal(check.name, 'p95');
    assert.equal(exitCode, { pass: 0, fail: 1, unknown: 2 }[check.result as 'pass']);
    assert.notEqual(check.result, 'pass');
  });

  test('that rises says where it bends, or that it does not; one that does not rise says nothing of it', async () => {
    const rises = await brownout(at('rises.yaml'));
    assert.match(rises.stdout, /^Knee +(it (does not bend|bends at)|where it bends is not known)/m, rises.stderr);
    assert.doesNotMatch((await brownout(at('kept.yaml'))).stdout, /^Knee/m);
  });

  test('without a good answer is red', async () => {
    const dead = await brownout(at('kept.yaml'), '-c', at('dead.yaml'));
    assert.equal(dead.exitCode, 1, dead.stderr);
    assert.match(dead.stdout, /^Failed +refused × 100$/m);
    // Each is a voter of its own, with a number of this load.
    const votes = await brownout(at('votes.yaml'));
    assert.equal(votes.exitCode, 1, votes.stderr);
    assert.match(votes.stdout, /^Failed +status 503 × 60$/m);
  });

  test('that is stopped says what it did until then, and is unknown', async () => {
    const before = server.asked();
    const running = brownout('apache:page', '--rate', '100/s', '--for', '1h');
    await until('it sends', () => server.asked() > before + 20);
    running.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running;
    assert.equal(exitCode, 2, stderr);
    assert.match(stdout, /^Engine +open, stopped before all was sent/m);
    assert.match(stderr, /Stopped by whoever started it/);
  });

  test('whose own process somebody ends is unknown, however well it went until then', async () => {
    const before = server.asked();
    const running = brownout('apache:page', '--rate', '100/s', '--for', '1h');
    await until('it sends', () => server.asked() > before + 20);
    const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) process.kill(Number(child), 'SIGTERM');
    const { exitCode, stdout, stderr } = await running;
    assert.equal(exitCode, 2, stdout);
    assert.match(stderr, /Stopped by something else than this command/);
  });

  const refused: [what: string, words: string[], message: RegExp][] = [
    ['a rate of 0', ['apache:page', '--rate', '0/s'], /:5:9: expected more than 0\/s, got '0\/s'/],
    ['no rate', ['apache:page', '--for', '5s'], /'rate' or 'stages' is missing/],
    ['no time', ['apache:page', '--rate', '5/s'], /'for' is missing/],
    ['no time of a script', ['voting:k6/voting.ts', '--rate', '5/s'], /'for' is missing/],
    ['an amount without connections', ['apache:page', '--amount', '5'], /'connections' is missing/],
    [
      'both models',
      ['apache:page', '--rate', '5/s', '--connections', '5', '--amount', '9'],
      /autocannon has no use for 'rate'/,
    ],
    [
      'an unknown probe',
      ['apache:pge', '--rate', '5/s', '--for', '5s'],
      /apache has no probe 'pge'[\s\S]*did you mean 'page'/,
    ],
    ['a probe that is not HTTP', ['voting:result', '--rate', '5/s', '--for', '5s'], /does not ask by HTTP/],
    ['an unknown workload', ['apach:page', '--rate', '5/s', '--for', '5s'], /There is no workload 'apach'/],
    ['a script that is none', [at('folder.yaml')], /folder\.yaml:1:29: \. is no script/],
    ['what is no load', ['nonsense'], /'nonsense' is no load/],
    ['text that is no YAML', ['apache:"', '--rate', '] : [', '--for', '5s'], /has no probe|expected a rate/],
    ['a file that is not there', [at('none.yaml')], /none\.yaml/],
    ['how much beside a file', [at('kept.yaml'), '--rate', '5/s'], /--rate is not for load files/],
    ['an entry that the cluster lacks', [at('kept.yaml'), '-c', at('other.yaml')], /names no entry 'web'/],
  ];
  for (const [what, words, message] of refused) {
    test(`${what} is one error, and nothing is sent`, async () => {
      const before = server.asked();
      const { exitCode, stdout, stderr } = await brownout(...words);
      assert.equal(exitCode, 3, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.equal(stdout, '');
      assert.equal(server.asked(), before);
    });
  }
});
