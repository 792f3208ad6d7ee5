/** The suite's scripts, run by the k6 of this machine against servers of this test. Without a k6 they are skipped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findK6 } from '../../load/k6/program.ts';
import type { LoadReport, LoadSecond, ScriptLoad } from '../../load/load.ts';
import { type RunningLoad, startLoad } from '../../load/start.ts';
import { startClock } from '../../recording/clock.ts';
import { until } from '../until.ts';

const without = await findK6().then(
  () => false as const,
  (error: Error) => error.message,
);

const scripts = path.join(import.meta.dirname, '../../k6');

interface Summary {
  acknowledged: [number, number][];
  late: number;
  metrics: Record<string, { values: Record<string, number> }>;
}

describe('scripts for k6', { skip: without }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'brownout-with-k6-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function serve(answer: RequestListener) {
    const server = createServer(answer);
    const seen = { requests: 0, connections: 0 };
    server.on('request', () => seen.requests++).on('connection', () => seen.connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve));
    cleanUps.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen, server };
  }

  function loadOf(script: string, entries: Record<string, string>, more: Partial<ScriptLoad> = {}): ScriptLoad {
    return {
      engine: 'k6',
      script: path.resolve(scripts, script),
      entries,
      idPrefix: 'test-load.',
      connection: 'reused',
      timeout: 900,
      limit: 60_000,
      thresholds: {},
      ...more,
    };
  }

  async function run(load: ScriptLoad, during?: (running: RunningLoad) => Promise<unknown>) {
    const seconds: LoadSecond[] = [];
    const running = await startLoad(load, {
      origin: startClock().origin.monotonic,
      onSecond: (second) => seconds.push(second),
    });
    await during?.(running);
    const report = await running.report;
    const sum = (of: 'offered' | 'ok' | 'failed' | 'dropped') => seconds.reduce((all, second) => all + second[of], 0);
    assert.equal(sum('offered'), report.totals.offered, 'every request is in a second');
    assert.equal(sum('ok'), report.totals.ok);
    return { report, seconds, summary: report.summary as unknown as Summary };
  }

  const constant = (rate: number, time: number) => ({ from: rate, stages: [{ rate, for: time }] });
  const isWithin = (value: number, from: number, to: number, what: string) =>
    assert.ok(value >= from && value <= to, `${what}: ${value}, not from ${from} to ${to}`);
  const outcomeIs = ({ outcome }: LoadReport, wanted: string) =>
    assert.equal(typeof outcome === 'string' ? outcome : outcome.failed, wanted);

  it('voting: the votes that were acknowledged are those that the app has taken, no more and no fewer', async () => {
    const taken: string[] = [];
    let votes = 0;
    const vote = await serve((request, answer) => {
      const [, voter = ''] = /voter_id=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
      votes++;
      // Each third is refused, each fifth has an answer that says nothing: neither is acknowledged.
      if (votes % 3 === 0) answer.writeHead(503).end('Your vote was not taken.');
      else if (votes % 5 === 0) answer.end('Hello');
      else {
        taken.push(voter);
        answer.end('Processed by container ID abc');
      }
      request.resume();
    });
    const result = await serve((_, answer) => answer.end('<p>scores</p>'));
    const { report, summary } = await run(
      loadOf('voting.ts', { vote: vote.url, result: result.url }, { rate: constant(200, 3000) }),
    );
    outcomeIs(report, 'done');
    assert.match(report.engine, /^k6 v\d/);
    const ids = summary.acknowledged.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, i) => `test-load.${from + i}`),
    );
    assert.deepEqual(ids.sort(), taken.sort());
    assert.equal(new Set(taken).size, taken.length);
    isWithin(report.totals.offered, 570, 630, 'requests in 3 s at 200/s');
    isWithin(votes, 54, 66, 'a tenth of them are votes');
    assert.equal(report.totals.errors['status 503'], Math.floor(votes / 3));
    assert.equal(report.totals.sent, vote.seen.requests + result.seen.requests);
    assert.equal(summary.metrics.http_reqs?.values.count, report.totals.sent);
  });

  it('apache: the closed model, on kept connections and on new ones; and a rate', async () => {
    const web = await serve((_, answer) => answer.end('<h1>It works!</h1>'));
    const closed = { connections: 20, amount: 500 };
    const kept = await run(loadOf('apache.ts', { web: web.url }, closed));
    outcomeIs(kept.report, 'done');
    assert.deepEqual([kept.report.totals.ok, web.seen.requests, web.seen.connections], [500, 500, 20]);
    const fresh = await run(loadOf('apache.ts', { web: web.url }, { ...closed, connection: 'new' }));
    assert.deepEqual([fresh.report.totals.ok, web.seen.connections], [500, 520]);
    const open = await run(loadOf('apache.ts', { web: web.url }, { rate: constant(100, 2000) }));
    isWithin(open.report.totals.offered, 190, 210, 'requests in 2 s at 100/s');
  });

  it('overload: up and back, and what could not be begun is told as dropped', async () => {
    const web = await serve((_, answer) => void setTimeout(() => answer.end('x'), 2000));
    const rate = {
      from: 0,
      stages: [
        { rate: 100, for: 2000 },
        { rate: 0, for: 1000 },
      ],
    };
    const { report } = await run(loadOf('overload.ts', { web: web.url }, { rate }));
    outcomeIs(report, 'done');
    isWithin(report.totals.offered, 135, 165, 'the area under the ramp');
    assert.equal(report.totals.ok, 0);
    assert.deepEqual(Object.keys(report.totals.errors), ['timeout']);
    assert.equal(report.totals.errors.timeout, report.totals.sent);
  });

  it('an outage is in the seconds in which requests were begun: refused, and timed out', async () => {
    const web = await serve((_, answer) => answer.end('It works!'));
    const { seconds, report } = await run(
      loadOf('apache.ts', { web: web.url }, { rate: constant(100, 6000) }),
      async () => {
        await until('it is asked', () => web.seen.requests > 150);
        web.server.close();
        web.server.closeAllConnections();
      },
    );
    outcomeIs(report, 'done');
    assert.ok(report.totals.errors.refused! > 100, JSON.stringify(report.totals.errors));
    const first = seconds.findIndex(({ failed }) => failed > 0);
    assert.ok(
      seconds.slice(first + 1, -1).every(({ ok }) => ok === 0),
      JSON.stringify(seconds),
    );
  });

  it('a page that hangs for a while: its requests belong to when they were begun, not to when they were given up', async () => {
    let hangs = false;
    const web = await serve((_, answer) => {
      if (!hangs) answer.end('It works!');
    });
    const clock = startClock();
    const seconds: LoadSecond[] = [];
    const running = await startLoad(
      loadOf('apache.ts', { web: web.url }, { rate: constant(100, 8000), timeout: 3000 }),
      {
        origin: clock.origin.monotonic,
        onSecond: (second) => seconds.push(second),
      },
    );
    await until('it is asked', () => web.seen.requests > 150);
    const from = clock.now();
    hangs = true;
    await sleep(500);
    hangs = false;
    const to = clock.now();
    const { totals } = await running.report;
    const bad = seconds.filter(({ failed }) => failed > 0).map(({ at }) => at);
    isWithin(totals.errors.timeout ?? 0, 30, 70, 'half a second at 100/s');
    assert.ok(bad[0]! > from - 1100 && bad.at(-1)! < to + 100, `${bad} for ${from} to ${to}`);
  });

  it('stopped early, and a suite that is killed: nothing is sent any more', async () => {
    const web = await serve((_, answer) => answer.end('It works!'));
    const load = loadOf('apache.ts', { web: web.url }, { rate: constant(100, 50_000) });
    const { report } = await run(load, async (running) => {
      await until('it is asked', () => web.seen.requests > 50);
      await running.stop();
    });
    outcomeIs(report, 'stopped');
    // What was under way k6 leaves, and does not tell of: at most as many as it has users.
    isWithin(web.seen.requests - report.totals.sent, 0, 30, 'requests that k6 left');

    const file = path.join(folder, 'suite.ts');
    const start = JSON.stringify(path.join(import.meta.dirname, '../../load/start.ts'));
    await writeFile(
      file,
      `import { startLoad } from ${start};
      await startLoad(${JSON.stringify(load)}, { origin: String(process.hrtime.bigint()) });
      setInterval(() => {}, 1000);`,
    );
    const asked = web.seen.requests;
    const suite = spawn(process.execPath, [file], { stdio: 'inherit' });
    await until('it is asked again', () => web.seen.requests > asked + 50);
    suite.kill('SIGKILL');
    await once(suite, 'exit');
    await sleep(5000);
    const then = web.seen.requests;
    await sleep(500);
    assert.equal(web.seen.requests, then);
  });

  it('thresholds that are not kept, a script that throws, what it is allowed to see', async () => {
    const web = await serve((_, answer) => answer.end('x'));
    const own = async (name: string, text: string) => {
      const file = path.join(folder, name);
      await writeFile(file, text);
      return loadOf(file, { web: web.url });
    };
    const one = "import http from 'k6/http';\nexport default function () { http.get(__ENV.TARGET); }\n";
    const limited = await run(
      await own('limits.ts', `${one}export const options = { thresholds: { http_req_duration: ['max<0'] } };\n`),
    );
    outcomeIs(limited.report, 'thresholds');
    assert.equal(limited.report.totals.ok, 1);
    const { report } = await run(await own('throws.js', 'nobody.knows();\nexport default function () {}\n'));
    assert.match(JSON.stringify(report.outcome), /code 107: .*before its first request.*nobody is not defined/);
    process.env.BROWNOUT_TEST_SECRET = 'hush';
    const seen = await run(
      await own(
        'environment.js',
        `import http from 'k6/http';\nexport default function () { if (__ENV.PATH || __ENV.BROWNOUT_TEST_SECRET) throw new Error('seen'); http.get(__ENV.TARGET); }\n`,
      ),
    );
    delete process.env.BROWNOUT_TEST_SECRET;
    assert.equal(seen.report.totals.ok, 1);
    const lines = await run(
      await own(
        'package.ts',
        `import { parse } from '${path.resolve(import.meta.dirname, '../../node_modules/yaml/browser/index.js')}';\n${one}parse('a: 1');\n`,
      ),
    );
    outcomeIs(lines.report, 'done');
  });
});
