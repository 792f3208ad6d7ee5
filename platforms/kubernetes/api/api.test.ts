/** The client against a server that misbehaves in every way that a server can. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { Api } from './api.ts';
import { ApiError, isGone } from './api-error.ts';
import { follow, Restart } from './follow.ts';
import { type KubeObject, NODES } from './objects.ts';
import { openReach } from './reach.ts';

const LIMITS = { connect: 300, idle: 300, try: 800, patience: 1_500 };
/** Beyond its limits nothing may take longer, with a margin for a busy computer. */
const HANG = 10_000;

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

describe('the API client', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-api-'));
  const servers: Server[] = [];
  let asked: string[] = [];

  beforeEach(() => {
    asked = [];
  });
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  });

  async function serve(handler: Handler): Promise<Api> {
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      handler(request, response, asked.length);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  function connectTo(address: string): Api {
    const kubeconfig = join(folder, `config-${servers.length}`);
    const config = {
      clusters: [{ name: 'c', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'hunter2' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    return new Api(openReach({ kubeconfig, context: 'x' }), LIMITS);
  }

  const json = (response: ServerResponse, status: number, body: object, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const rejected = async (work: Promise<unknown>): Promise<ApiError> => {
    const began = performance.now();
    const error = await work.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiError, String(error));
    assert.ok(performance.now() - began < HANG, 'it ended in time');
    assert.doesNotMatch(error.message, /hunter2/);
    return error;
  };

  it('tries again what may pass: too busy, broken, cut off', async () => {
    const api = await serve((request, response, count) => {
      if (count === 1) json(response, 429, { message: 'too many requests' }, { 'retry-after': '0' });
      else if (count === 2) json(response, 503, { message: 'leader changed' });
      else if (count === 3) request.socket.destroy();
      else if (count === 4) response.writeHead(500).end('upstream said nothing');
      else if (count === 5)
        response.writeHead(200, { 'content-length': 100 }).write('{"half":', () => request.socket.destroy());
      else json(response, 200, { kind: 'Fine' });
    });
    assert.deepEqual(await api.get('/x', { patience: HANG }), { kind: 'Fine' });
    assert.equal(api.requests, 6);
  });

  it('gives up when its patience ends, with what was said last', async () => {
    const api = await serve((_, response) => json(response, 503, { message: 'etcd is away' }));
    const error = await rejected(api.get('/x'));
    assert.equal(error.status, 503);
    assert.match(error.message, /GET \/x: 503 etcd is away/);
    assert.ok(asked.length > 2);
  });

  it('does not try again what would be refused again', async () => {
    const api = await serve((_, response) =>
      json(response, 422, { message: 'spec.replicas: invalid', reason: 'Invalid' }),
    );
    const error = await rejected(api.get('/x'));
    assert.equal(error.reason, 'Invalid');
    assert.equal(asked.length, 1);
  });

  it('takes the refusal of a budget for an answer', async () => {
    const causes = [{ reason: 'DisruptionBudget', message: 'The disruption budget front needs 1' }];
    const api = await serve((_, response) => json(response, 429, { message: 'Cannot evict', details: { causes } }));
    assert.deepEqual((await rejected(api.get('/x'))).causes, causes);
    assert.equal(asked.length, 1);
  });

  it('says which right is missing', async () => {
    const words = 'nodes is forbidden: User "ops" cannot list resource "nodes" in API group "" at the cluster scope';
    const api = await serve((_, response) => json(response, 403, { message: words, reason: 'Forbidden' }));
    const error = await rejected(api.get('/api/v1/nodes'));
    assert.equal(error.message, 'ops may not list nodes in the whole cluster');
    assert.match(error.hint!, /--rights/);
  });

  it('reads its credentials once more when they are refused, then says so', async () => {
    const api = await serve((_, response) => json(response, 401, { message: 'Unauthorized' }));
    const error = await rejected(api.get('/x'));
    assert.match(error.message, /does not know who asks \(401 on GET \/x\)/);
    assert.equal(asked.length, 2);
  });

  it('never waits for a server that says nothing, or says it too slowly', async () => {
    const silent = await serve(() => {});
    assert.match((await rejected(silent.get('/x', { patience: 0 }))).message, /silent for 0\.3 s/);
    const halfway = await serve((_, response) => response.writeHead(200).write('{"a":'));
    assert.match((await rejected(halfway.get('/x', { patience: 0 }))).message, /does not answer/);
    const dripping = await serve((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    });
    assert.match((await rejected(dripping.get('/x', { patience: 0 }))).message, /no end within 0\.8 s/);
  });

  it('says why nobody answers', async () => {
    const error = await rejected(connectTo('http://127.0.0.1:1').get('/x'));
    assert.match(error.message, /the API at http:\/\/127\.0\.0\.1:1 does not answer \(GET \/x: .*ECONNREFUSED/);
    assert.equal(error.status, undefined);
  });

  it('does not wait for more where the server changes to another protocol that nobody asked for', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    const api = await serve((_, response) => response.socket!.write(upgrade));
    const began = performance.now();
    await assert.rejects(api.list(NODES), ApiError);
    assert.ok(performance.now() - began < HANG);
  });

  it('refuses an answer that is no JSON', async () => {
    const api = await serve((_, response) => response.writeHead(200).end('<html>log in first</html>'));
    assert.match((await rejected(api.get('/x', { patience: 0 }))).message, /no JSON \(<html>log in first/);
  });

  it('ends what is under way when it is closed', async () => {
    const api = await serve(() => {});
    setTimeout(() => api.close(), 50);
    assert.match((await rejected(api.get('/x'))).message, /closed/);
  });

  const node = (name: string, version: number) => ({
    metadata: { name, resourceVersion: String(version) },
  });
  const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

  /** What a listener hears, until `enough` words of it. */
  async function heard(api: Api, enough: number): Promise<string[]> {
    const words: string[] = [];
    const done = new AbortController();
    const hear = (word: string, since: number | undefined) => {
      words.push(since !== undefined ? `${word} (late)` : word);
      if (words.length >= enough) done.abort();
    };
    await follow<KubeObject>(
      api,
      { resource: NODES },
      {
        listed: (all, since) => hear(`all ${all.map(({ metadata }) => metadata.name).join(' ')}`, since),
        changed: ({ metadata }, since) => hear(`changed ${metadata.name}`, since),
        removed: ({ metadata }, since) => hear(`removed ${metadata.name}`, since),
        refused: (error) => hear(`refused ${error.status}`, undefined),
      },
      AbortSignal.any([done.signal, AbortSignal.timeout(HANG)]),
    );
    return words;
  }

  it('follows changes over cut connections without listing again, and lists again when it must', async () => {
    const api = await serve((request, response, count) => {
      const from = new URL(request.url!, 'http://x').searchParams.get('resourceVersion');
      if (!request.url!.includes('watch=true')) {
        return json(response, 200, { metadata: { resourceVersion: String(count) }, items: [node(`n${count}`, count)] });
      }
      response.writeHead(200);
      if (count === 2) {
        assert.equal(from, '1');
        // Cut in the middle of a line: only what is whole counts.
        response.write(`${line('ADDED', node('a', 10))}${line('BOOKMARK', node('', 15))}{"type":"ADD`, () =>
          request.socket.destroy(),
        );
      } else if (count === 3) {
        assert.equal(from, '15', 'from the bookmark on');
        response.end(line('DELETED', node('a', 20)));
      } else if (count === 4) {
        response.end(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
      } else if (count === 6) {
        assert.equal(from, '5', 'from the new list on');
        response.write(line('MODIFIED', node('n5', 30)));
      } else assert.fail(`request ${count} was not expected: ${request.url}`);
    });
    assert.deepEqual(await heard(api, 5), [
      'all n1',
      'changed a',
      'removed a (late)',
      'all n5 (late)',
      'changed n5 (late)',
    ]);
    assert.equal(asked.filter((request) => !request.includes('watch=')).length, 2);
  });

  it('lists again when the version is refused before the watch begins', async () => {
    const api = await serve((request, response, count) => {
      if (!request.url!.includes('watch=true')) json(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
      else if (count === 2) json(response, 410, { code: 410, reason: 'Gone', message: 'too old resource version' });
      else response.writeHead(200).write(line('ADDED', node('a', 2)));
    });
    assert.deepEqual(await heard(api, 3), ['all ', 'all  (late)', 'changed a (late)']);
  });

  it('goes on following after a credential plugin has failed once', async () => {
    const done = new AbortController();
    const api = await serve((request, response, count) => {
      if (!request.url!.includes('watch=true')) {
        json(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
        return;
      }
      if (count > 2) done.abort();
      response.end();
    });
    // Its answers hold for no time at all, so each request asks it; the second time it fails.
    const credential = {
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      status: { token: 'hunter2', expirationTimestamp: '2020-01-01T00:00:00Z' },
    };
    const file = join(folder, 'plugin-asked');
    const script = `echo x >> ${file}; [ $(wc -l < ${file}) = 2 ] && exit 1; echo '${JSON.stringify(credential)}'`;
    const exec = { apiVersion: credential.apiVersion, command: 'sh', args: ['-c', script] };
    const kubeconfig = join(folder, 'with-plugin');
    const config = {
      clusters: [{ name: 'c', cluster: { server: api.reach.server.href, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { exec } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const nothing = () => {};
    let hindered = 0;
    const listener = {
      ...{ listed: nothing, changed: nothing, removed: nothing, refused: () => assert.fail() },
      hindered: () => {
        hindered++;
      },
    };
    const withPlugin = new Api(openReach({ kubeconfig, context: 'x' }), LIMITS);
    await follow<KubeObject>(withPlugin, { resource: NODES }, listener, done.signal);
    assert.equal(hindered, 1);
    assert.ok(asked.length >= 3);
  });

  it('goes on following through a proxy that has no way to the API for a moment, and does not take its 404 for the word of the API', async () => {
    const nobody = (response: ServerResponse) => response.writeHead(404).end('<html>404 default backend</html>');
    const api = await serve((request, response, count) => {
      if (count < 3) nobody(response);
      else if (!request.url!.includes('watch=true'))
        json(response, 200, { metadata: { resourceVersion: '1' }, items: [node('a', 1)] });
    });
    assert.deepEqual(await heard(api, 1), ['all a (late)']);
    asked = [];
    const gone = await serve((_, response, count) =>
      count === 1 ? nobody(response) : json(response, 404, { reason: 'NotFound', message: 'nodes "a" not found' }),
    );
    const byProxy = await rejected(gone.read(NODES, { name: 'a' }));
    assert.deepEqual([isGone(byProxy), /is `server` of the kubeconfig right/.test(byProxy.hint ?? '')], [false, true]);
    assert.equal(isGone(await rejected(gone.read(NODES, { name: 'a' }))), true);
  });

  it('a watch that breaks was alive until its last word, whoever else answers at that address', async () => {
    const restart = new Restart();
    const done = new AbortController();
    let sinceWhen: number | undefined;
    const api = await serve((request, response, count) => {
      if (!request.url!.includes('watch=true'))
        return json(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
      response.writeHead(200);
      if (count === 2) {
        response.write(line('ADDED', node('a', 2)), () =>
          setTimeout(() => {
            // Another server says that it lives, and this one's connection breaks.
            restart.answered = performance.now();
            request.socket.destroy();
          }, 200),
        );
      } else response.write(line('ADDED', node('b', 3)));
    });
    let heardAt = 0;
    const nothing = () => {};
    const listener = {
      ...{ listed: nothing, removed: nothing, refused: () => assert.fail() },
      changed: ({ metadata }: KubeObject, since?: number) => {
        if (metadata.name === 'a') heardAt = performance.now();
        else {
          sinceWhen = since;
          done.abort();
        }
      },
    };
    await follow<KubeObject>(api, { resource: NODES }, listener, done.signal, restart);
    assert.ok(sinceWhen !== undefined && sinceWhen <= heardAt, `${sinceWhen} of ${heardAt}`);
  });

  it('stops following what it may not see', async () => {
    const api = await serve((_, response) => json(response, 403, { message: 'no' }));
    assert.deepEqual(await heard(api, 1), ['refused 403']);
  });
});
