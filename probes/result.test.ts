import assert from 'node:assert/strict';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import { createProbe } from './kinds.ts';
import type { Probe, Result, StreamSpec } from './probe.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listen(server: HttpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A result app: tells the scores on connection, and again when `tell` is called. */
async function app(scores: unknown = JSON.stringify({ a: 3, b: 4 })) {
  const server = createServer();
  const io = new Server(server);
  let connections = 0;
  io.on('connection', (socket) => {
    connections++;
    socket.emit('message', { text: 'Welcome!' });
    socket.emit('scores', scores);
  });
  const url = await listen(server);
  cleanUps.push(() => io.close());
  return { url, io, tell: () => io.emit('scores', scores), connections: () => connections };
}

function probe(target: string, more: Partial<StreamSpec> = {}): Probe {
  const spec: StreamSpec = {
    name: 'result',
    kind: 'result',
    target,
    every: 100,
    timeout: 900,
    connection: 'new',
    writes: false,
    idPrefix: '',
    options: {},
    ...more,
  };
  const opened = createProbe(spec);
  cleanUps.push(() => opened.close());
  return opened;
}

function ask(asked: Probe, patience?: number): Promise<Result> {
  return new Promise((resolve) => {
    const attempt = asked.send(0, resolve);
    if (patience !== undefined) setTimeout(() => attempt.abandon(), patience);
  });
}

test('a page that opens and shows the scores is ok', async () => {
  const { url, connections } = await app();
  const asked = probe(url);
  assert.deepEqual(await ask(asked), { outcome: 'ok', error: 'none', status: 0 });
  await ask(asked);
  assert.equal(connections(), 2);
});

test('scores that make no sense', async () => {
  for (const scores of ['{"a":1}', '{"a":-1,"b":0}', 'not JSON', { a: 1, b: 2 }, 'null', undefined]) {
    const { url } = await app(scores === undefined ? null : scores);
    assert.equal((await ask(probe(url))).error, 'body', String(scores));
  }
});

test('no scores: the time runs out', async () => {
  const server = createServer();
  const io = new Server(server);
  const url = await listen(server);
  cleanUps.push(() => io.close());
  assert.equal((await ask(probe(url), 200)).error, 'timeout');
});

test('a server that is no Socket.IO, or none at all', async () => {
  const plain = createServer((_request, response) => response.writeHead(503).end());
  const url = await listen(plain);
  // Node's own server ends an upgrade that nobody handles with an ordinary answer or by closing.
  assert.match((await ask(probe(url))).error, /^(status|closed|reset|protocol)$/);
  plain.closeAllConnections();
  await new Promise((resolve) => plain.close(resolve));
  assert.equal((await ask(probe(url))).error, 'refused');
});

test('an upgrade that is refused with a status', async () => {
  const server = createServer();
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
  assert.deepEqual(await ask(probe(await listen(server))), { outcome: 'fail', error: 'status', status: 502 });
});

test('reused: one page stays open', async () => {
  const { url, connections } = await app();
  const asked = probe(url, { connection: 'reused' });
  for (let i = 0; i < 5; i++) assert.equal((await ask(asked)).outcome, 'ok');
  assert.equal(
    (await Promise.all([ask(asked), ask(asked)])).every(({ outcome }) => outcome === 'ok'),
    true,
  );
  assert.equal(connections(), 1);
});

test('reused: alive with old scores is stale, until new ones come', async () => {
  const { url, tell } = await app();
  const asked = probe(url, { connection: 'reused', options: { fresh: 200 } });
  assert.equal((await ask(asked)).outcome, 'ok');
  await sleep(300);
  assert.deepEqual(await ask(asked), { outcome: 'fail', error: 'stale', status: 0 });
  tell();
  await sleep(50);
  assert.equal((await ask(asked)).outcome, 'ok');
});

test('reused: a lost connection fails who looked at it, and is opened anew', async () => {
  const { url, io, connections } = await app();
  const asked = probe(url, { connection: 'reused' });
  await ask(asked);
  io.disconnectSockets(true);
  await sleep(50);
  assert.equal((await ask(asked)).outcome, 'ok');
  assert.equal(connections(), 2);
});

test('reused: a page that timed out is left, and the next probe opens another', async () => {
  let silent = true;
  const server = createServer();
  const io = new Server(server);
  let connections = 0;
  io.on('connection', (socket) => {
    connections++;
    if (!silent) socket.emit('scores', '{"a":0,"b":0}');
  });
  const url = await listen(server);
  cleanUps.push(() => io.close());
  const asked = probe(url, { connection: 'reused' });
  assert.equal((await ask(asked, 200)).error, 'timeout');
  silent = false;
  assert.equal((await ask(asked)).outcome, 'ok');
  assert.equal(connections, 2);
});
