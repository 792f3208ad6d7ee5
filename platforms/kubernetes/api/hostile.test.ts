/** The client against answers without an end: refused in time, with a name, and never held in memory. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { memoryOf } from '../../../tests/memory.ts';
import { type Endless, serveEndless } from '../../../tests/servers/endless.ts';
import { Api } from './api.ts';
import { ApiError } from './api-error.ts';
import { execIn } from './exec.ts';
import { NODES, pathOf } from './objects.ts';
import { openReach } from './reach.ts';

/** Beyond its limits nothing may take longer, with a margin for a busy computer. */
const HANG = 30_000;
const MOST_MIB = 120;

describe('the API client, answered without end', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-hostile-'));
  const sockets: WebSocketServer[] = [];
  after(() => {
    rmSync(folder, { recursive: true });
    for (const server of sockets) {
      for (const client of server.clients) client.terminate();
      server.close();
    }
  });

  async function serveExec(connected: (socket: WebSocket) => void): Promise<Api> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    sockets.push(server);
    server.on('connection', connected);
    await new Promise((resolve) => server.once('listening', resolve));
    return connectTo((server.address() as { port: number }).port);
  }
  const run = (api: Api) => execIn(api, { namespace: 'n', pod: 'p', container: 'c' }, ['yes'], { timeout: 4_000 });

  function connectTo(port: number): Api {
    const kubeconfig = join(folder, `config-${port}`);
    const config = {
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'hunter2' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    return new Api(openReach({ kubeconfig, context: 'x' }), { connect: 3_000, idle: 3_000, try: 4_000, patience: 0 });
  }

  async function refused(kind: Endless, ask: (api: Api) => Promise<unknown>): Promise<Error> {
    const server = await serveEndless(kind);
    const api = connectTo(server.port);
    try {
      const began = performance.now();
      const { error, mib } = await memoryOf(() => ask(api));
      assert.ok(performance.now() - began < HANG, 'it ended in time');
      assert.ok(mib < MOST_MIB, `${mib} MiB`);
      assert.ok(error, 'it was refused');
      assert.ok(error.message.length < 5_000, `${error.message.length} characters`);
      return error;
    } finally {
      api.close();
      server.close();
    }
  }
  const list = (api: Api) => api.list(NODES);
  const watch = async (api: Api) => {
    for await (const _ of api.watch(pathOf(NODES), {}, AbortSignal.timeout(HANG)));
  };

  for (const kind of ['body', 'chunks'] as const) {
    it(`a list: ${kind}`, async () => {
      const { message } = await refused(kind, list);
      assert.match(message, /GET \/api\/v1\/nodes.*127\.0\.0\.1.*longer than 80 MiB|no end within 4 s/);
    });
  }

  it('a list of more values than memory has room for', async () => {
    assert.match((await refused('values', list)).message, /more than 4000000 values/);
  });

  it('interim answers and headers', async () => {
    const many = /\/api\/v1\/nodes at http:\/\/127\.0\.0\.1:\d+: more than 100 interim answers/;
    assert.match((await refused('interim', list)).message, many);
    assert.ok((await refused('headers', list)) instanceof ApiError);
    assert.match((await refused('interim', watch)).message, many);
  });

  it('a refusal is kept as far as anybody reads it', async () => {
    const error = await refused('refusal', list);
    assert.ok(error instanceof ApiError && error.status === 403, error.message);
    const watched = await refused('refusal', watch);
    assert.ok(watched instanceof ApiError && watched.status === 403, watched.message);
  });

  it('one event of a watch', async () => {
    assert.match((await refused('line', watch)).message, /WATCH \/api\/v1\/nodes.*one line is longer than 4 MiB/);
  });

  it('what a command prints, and how it is refused', async () => {
    for (const [size, expected] of [
      [64 * 1024, /more than 16 MiB/],
      [1, /more than 16 MiB|no end within/],
      [4 * 2 ** 20, /payload/i],
    ] as const) {
      const api = await serveExec((socket) => {
        const message = Buffer.alloc(size + 1, 0x78);
        message[0] = 1;
        const more = () => {
          for (let sent = 0; sent < 1000 && socket.bufferedAmount < 2 ** 20; sent++) socket.send(message);
          if (socket.readyState === socket.OPEN) setImmediate(more);
        };
        more();
      });
      const { error, mib } = await memoryOf(() => run(api));
      assert.match(error?.message ?? '', expected);
      assert.ok(mib < MOST_MIB, `${mib} MiB`);
    }
    assert.match((await refused('refusal', run)).message, /403/);
    assert.match((await refused('interim', run)).message, /exec yes in p: more than 100 interim answers/);
  });

  it('an ending that is no JSON', async () => {
    const api = await serveExec((socket) => socket.send(Buffer.from('\x03{nonsense')));
    await assert.rejects(run(api), /exec yes in p: .*no JSON/);
  });
});
