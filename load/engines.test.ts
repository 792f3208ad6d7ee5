/** Both engines of our own processes, against real servers: what a load says is what its server saw. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { closedLoad, openLoad, send, serveHttp } from '../tests/servers/load-by-hand.ts';
import { serveTcp } from '../tests/servers/tcp-server.ts';
import { until } from '../tests/until.ts';
import type { ClosedLoad, LoadReport, LoadSecond, LoadTotals, OpenLoad } from './load.ts';
import { startLoad } from './start.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(...given: Parameters<typeof serveHttp>) {
  const server = await serveHttp(...given);
  cleanUps.push(server.close);
  return server;
}

async function serveRaw(...given: Parameters<typeof serveTcp>): Promise<string> {
  const server = await serveTcp(...given);
  cleanUps.push(server.close);
  return `http://127.0.0.1:${server.port}`;
}

/** Of a load and of its seconds, the same; none is lost. */
function assertAddsUp({ report, seconds }: { report: LoadReport; seconds: LoadSecond[] }): LoadTotals {
  const { totals } = report;
  assert.equal(totals.offered, totals.sent + totals.dropped);
  assert.equal(totals.sent, totals.ok + totals.failed);
  for (const key of ['offered', 'sent', 'ok', 'failed', 'dropped'] as const) {
    assert.equal(
      seconds.reduce((sum, second) => sum + second[key], 0),
      totals[key],
      key,
    );
  }
  const failed = Object.values(totals.errors).reduce((sum, times) => sum + times, 0);
  assert.equal(failed, totals.failed, 'each failure has its class');
  assert.ok(seconds.every(({ at }, index) => at % 1000 === 0 && (index === 0 || at === seconds[index - 1]!.at + 1000)));
  return totals;
}

/** A small load of each engine. */
const engines: Record<string, (target: string, more?: object) => OpenLoad | ClosedLoad> = {
  open: (target, more) => openLoad(target, 400, 250, more),
  autocannon: (target, more) => closedLoad(target, 5, 100, more),
};

for (const [name, load] of Object.entries(engines)) {
  describe(name, () => {
    for (const connection of ['reused', 'new'] as const) {
      test(`a good server sees each request once, on ${connection} connections`, async () => {
        const server = await serve((_, response) => response.end('hello'));
        const sent = await send(load(server.target, { connection }));
        const { ok, p50, max } = assertAddsUp(sent);
        assert.equal(sent.report.outcome, 'done');
        assert.deepEqual([ok, server.asked()], [100, 100]);
        assert.ok(p50! > 0 && p50! <= max);
        assert.match(sent.report.engine, name === 'open' ? /^open$/ : /^autocannon \d+\.\d+/);
        assert.ok(sent.report.cpuMs! > 0);
      });
    }

    test('answers that are told by their end, or come in pieces, are whole', async () => {
      for (const answer of [
        'HTTP/1.0 200 OK\r\n\r\nall of it',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      ]) {
        const target = await serveRaw((socket) => socket.once('data', () => socket.end(answer)));
        assert.equal(assertAddsUp(await send(load(target))).ok, 100, answer);
      }
    });

    test('a server that closes a kept connection with its answer costs nothing', async () => {
      const server = await serve((_, response) => {
        if (server.asked() % 7 === 0) response.setHeader('Connection', 'close');
        response.end('hello');
      });
      assert.equal(assertAddsUp(await send(load(server.target))).ok, 100);
      assert.equal(server.asked(), 100);
    });

    test('an error status is a failure with its number', async () => {
      const server = await serve((_, response) => {
        response.statusCode = server.asked() % 2 === 0 ? 503 : 200;
        response.end('sorry');
      });
      const { ok, errors } = assertAddsUp(await send(load(server.target)));
      assert.deepEqual([ok, errors], [50, { 'status 503': 50 }]);
    });

    test('who is not there refuses', async () => {
      const server = await serve(() => {});
      server.close();
      const { ok, errors } = assertAddsUp(await send(load(server.target)));
      assert.deepEqual([ok, errors], [0, { refused: 100 }]);
    });

    test('a reset is one', async () => {
      const target = await serveRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
      const { ok, errors } = assertAddsUp(await send(load(target)));
      assert.deepEqual([ok, errors], [0, { reset: 100 }]);
    });

    test('an answer that is cut off is none, and spoils no later one', async () => {
      let asked = 0;
      const target = await serveRaw((socket) =>
        socket.on('data', () => {
          if (asked++ % 2 === 0) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of');
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
        }),
      );
      const { ok, errors } = assertAddsUp(await send(load(target)));
      assert.deepEqual([ok, errors], [50, { closed: 50 }]);
    });

    test('a server that is silent is given up at its timeout', async () => {
      const target = await serveRaw(() => {});
      const { ok, errors } = assertAddsUp(await send(load(target, { timeout: 50, ...small[name] })));
      assert.equal(ok, 0);
      assert.deepEqual(Object.keys(errors), ['timeout']);
    });

    test('what is no HTTP is told as that, and the load ends', async () => {
      const target = await serveRaw((socket) => socket.on('data', () => socket.end('nonsense\r\n\r\n')));
      const { ok, failed } = assertAddsUp(await send(load(target, { timeout: 500, ...small[name] })));
      assert.equal(ok, 0);
      assert.ok(failed > 0);
    });

    test('it never lasts longer than its limit', async () => {
      const server = await serve((_, response) => response.end('hello'));
      const long = { rate: { from: 50, stages: [{ rate: 50, for: 600_000 }] }, amount: 10_000_000, limit: 500 };
      const { report, seconds } = await send(load(server.target, long));
      assert.equal(report.outcome, 'stopped');
      const { offered, sent, ok } = assertAddsUp({ report, seconds });
      assert.ok(sent > 0 && sent === ok);
      assert.ok(server.asked() >= sent && server.asked() <= offered, `${server.asked()} of ${offered} were asked`);
    });

    test('it can be stopped, and its seconds are in a file of which only the owner reads', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'brownout-load-'));
      cleanUps.push(() => rm(folder, { recursive: true }));
      const out = join(folder, 'load.jsonl');
      const server = await serve((_, response) => response.end('hello'));
      const long = { rate: { from: 50, stages: [{ rate: 50, for: 600_000 }] }, amount: 10_000_000 };
      const seconds: LoadSecond[] = [];
      const running = await startLoad(load(server.target, long), {
        origin: String(process.hrtime.bigint()),
        out,
        onSecond: (second) => seconds.push(second),
      });
      await until('a second was told', () => seconds.some(({ ok }) => ok > 0));
      const report = await running.stop();
      assert.equal(report.outcome, 'stopped');
      assertAddsUp({ report, seconds });
      assert.deepEqual(await running.stop(), report, 'again: the same');
      const written = (await readFile(out, 'utf8')).trim().split('\n');
      assert.deepEqual(
        written.map((line) => JSON.parse(line)),
        seconds,
      );
      assert.equal((await stat(out)).mode & 0o777, 0o600);
    });
  });
}

/** Less of it, where each request takes its whole time. */
const small: Record<string, object> = { open: {}, autocannon: { amount: 10 } };

describe('open', () => {
  test('times begin when a request was due: a server that answers one after the other makes them grow', async () => {
    // 20 ms each, 100 a second: twice what it can do. The closed model would only ask less.
    const waiting: (() => void)[] = [];
    const server = await serve((_, response) => waiting.push(() => response.end('hello')));
    const timer = setInterval(() => waiting.shift()?.(), 20);
    cleanUps.push(() => clearInterval(timer));
    const { ok, max, p50 } = assertAddsUp(await send(openLoad(server.target, 100, 2000)));
    assert.equal(ok, 200);
    assert.ok(max > 1500, `the last one waited for 100 others: ${max} ms`);
    assert.ok(p50! > 500, `${p50} ms`);
  });

  test('more than may be under way are dropped, and told', async () => {
    const target = await serveRaw(() => {});
    const { sent, dropped, drops, errors } = assertAddsUp(await send(openLoad(target, 6000, 2000, { timeout: 5000 })));
    assert.ok(sent <= 10_000, `${sent} were sent`);
    assert.ok(dropped >= 2000, `${dropped} were dropped`);
    // On a machine that allows fewer open files, these are the limit.
    assert.ok(
      Object.keys(drops!).every((reason) => ['under way', 'late', 'EMFILE', 'stalled'].includes(reason)),
      JSON.stringify(drops),
    );
    assert.ok(
      Object.keys(errors).every((error) => error === 'timeout'),
      JSON.stringify(errors),
    );
  });

  test('long answers that are more than it keeps in memory are dropped, not blamed on the target', async () => {
    const half = Buffer.alloc(512 * 1024);
    const target = await serveRaw((socket) =>
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * half.length}\r\n\r\n`);
        socket.write(half);
        setTimeout(() => socket.write(half), 2000);
      }),
    );
    const { ok, failed, drops } = assertAddsUp(await send(openLoad(target, 400, 250)));
    assert.ok(ok > 0 && failed === 0);
    assert.deepEqual(Object.keys(drops!), ['memory']);
  });

  test('a body that is not what the probe wants is a failure', async () => {
    const server = await serve((_, response) => response.end('an error page'));
    const { request } = openLoad(server.target, 1, 1);
    const { ok, errors } = assertAddsUp(
      await send(openLoad(server.target, 100, 500, { request: { ...request, options: { contains: 'hello' } } })),
    );
    assert.deepEqual([ok, errors], [0, { body: 50 }]);
  });
});

test('what no engine can do is refused before anything is sent', async () => {
  const server = await serve((_, response) => response.end());
  const { request } = openLoad(server.target, 1, 1);
  const start = (load: OpenLoad | ClosedLoad) => startLoad(load, { origin: String(process.hrtime.bigint()) });
  const tls = { request: { ...request, target: 'https://127.0.0.1:1' } };
  await assert.rejects(start(closedLoad(server.target, 1, 1, tls)), /believes every certificate/);
  const unknown = { request: { ...request, kind: 'smoke' } };
  await assert.rejects(start(openLoad(server.target, 1, 1000, unknown)), /unknown kind 'smoke'/);
  await assert.rejects(start(closedLoad(server.target, 1, 1, unknown)), /smoke/);
  assert.equal(server.asked(), 0);
});
