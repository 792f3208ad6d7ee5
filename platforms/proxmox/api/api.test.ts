/** The client against endpoints that misbehave in every way that a node, a network or a proxy can. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  Authority,
  type Handler,
  type Recorded,
  readData,
  replay,
  TestEndpoint,
} from '../../../tests/proxmox/server.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import type { ProxmoxLogin, ProxmoxReach } from '../cluster.ts';
import { Api, type Limits } from './api.ts';
import { ApiError } from './api-error.ts';

const SECRET = 'hunter2-4000-8000';
const LIMITS: Limits = { connect: 2_000, read: 1_000, write: 1_500, patience: 4_000, bytes: 100_000 };
/** Beyond its limits nothing may take longer, with a margin for a busy computer. */
const HANG = 20_000;
const TOKEN: ProxmoxLogin = { token: 'brownout@pve!suite', secret: 'env:BROWNOUT_TEST_PVE' };
const USER: ProxmoxLogin = { user: 'brownout@pve', password: 'env:BROWNOUT_TEST_PVE' };
const ONCE = { patience: 0 };

const json = (response: ServerResponse, body: object, status = 200, reason = 'OK') => {
  response.writeHead(status, reason, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
};
const bare = (response: ServerResponse, status: number, reason: string) => response.writeHead(status, reason, {}).end();
const VERSION = { data: { version: '9.2.11', release: '9.2', repoid: 'x' } };
const healthy: Handler = (_, response) => json(response, VERSION);
const done: Handler = (_, response) => json(response, { data: null });
const UPID = 'UPID:pve1:00000179:000C5CB4:6B064CB3:qmstart:200:brownout@pve!suite:';

describe('the API client', { timeout: 240_000 }, () => {
  const recorded = readData<Recorded[]>('answers.json');
  let authority: Authority;
  let endpoints: TestEndpoint[] = [];
  let apis: Api[] = [];
  let servers: Server[] = [];

  before(() => {
    process.env.BROWNOUT_TEST_PVE = SECRET;
    authority = new Authority();
  });
  afterEach(() => {
    for (const api of apis) api.close();
    for (const each of [...endpoints, ...servers]) each.close();
    [endpoints, apis, servers] = [[], [], []];
  });
  after(() => authority.remove());

  const open = async (handler: Handler): Promise<TestEndpoint> => {
    const endpoint = await TestEndpoint.open(authority, handler);
    endpoints.push(endpoint);
    return endpoint;
  };
  const all = (...handlers: Handler[]) => Promise.all(handlers.map(open));
  const connect = (to: { origin: string }[], given: Partial<ProxmoxReach> = {}): Api => {
    const trust = { ca: authority.file };
    const api = new Api({ endpoints: to.map(({ origin }) => origin), login: TOKEN, trust, ...given }, LIMITS);
    apis.push(api);
    return api;
  };
  /** A port that says nothing, not even to TLS. */
  const mute = async (): Promise<{ origin: string }> => {
    const server = createServer((socket) => socket.on('error', () => {}));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { origin: `https://127.0.0.1:${(server.address() as { port: number }).port}` };
  };
  const NOBODY = { origin: 'https://127.0.0.1:1' };

  const rejected = async (work: Promise<unknown>): Promise<ApiError> => {
    const began = performance.now();
    const error = await work.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiError, String(error));
    assert.ok(performance.now() - began < HANG, 'it ended in time');
    assert.doesNotMatch(`${error.message} ${error.hint}`, new RegExp(SECRET));
    return error;
  };
  const words = (work: Promise<unknown>) => rejected(work).then(({ message }) => message);

  /** What a dead, dying or confused endpoint does. */
  const FAILURES: Record<string, Handler> = {
    'says nothing': () => {},
    'breaks off before its answer': (request) => request.socket.destroy(),
    'breaks off in its answer': (request, response) =>
      response.writeHead(200, { 'content-length': 100 }).write('{"data":', () => request.socket.destroy()),
    'cuts an answer of no known length': (_, response) =>
      response.writeHead(200, { connection: 'close', 'transfer-encoding': 'identity' }).end('{"data":{"vers'),
    'stalls in its answer': (_, response) => response.writeHead(200).write('{"data":'),
    'answers byte by byte, without end': (_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    },
    'answers without end': (_, response) => {
      response.writeHead(200);
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', flood).on('error', () => {});
      flood();
    },
    'does not reach the node: 595': (_, response) => bare(response, 595, 'No route to host'),
    'loses the node: 596': (_, response) => bare(response, 596, 'Connection timed out'),
    'stands behind a proxy: 500 with HTML': (_, response) =>
      response.writeHead(500, { 'content-type': 'text/html' }).end('<html><h1>upstream</h1></html>'),
    'stands behind a proxy: 200 with HTML': (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in first</html>'),
    'stands behind a proxy: 503': (_, response) => bare(response, 503, 'Service Unavailable'),
    'speaks no HTTP': (request) => {
      request.socket.end('220 mail.example.org ESMTP\r\n');
    },
    'is not ready yet': (_, response) => {
      const message = 'ipcc_send_rec[1] failed: Connection refused';
      json(response, { data: null, message: `${message}\n` }, 500, message);
    },
    'has no majority': (_, response) =>
      json(
        response,
        { data: null, message: 'cluster not ready - no quorum?\n' },
        500,
        'cluster not ready - no quorum?',
      ),
  };

  for (const [what, handler] of Object.entries(FAILURES)) {
    it(`asks the next endpoint when one ${what}, and that one first from then on`, async () => {
      const [bad, good] = await all(handler, healthy);
      const api = connect([bad!, good!]);
      assert.equal((await api.get('/version')).version, '9.2.11');
      await api.get('/version');
      assert.deepEqual([bad!.asked.length, good!.asked.length], [1, 2]);
      assert.equal(api.endpoints[0], good!.origin);
    });
  }

  it('asks the next endpoint when one refuses connections, or takes them and says nothing', async () => {
    const [good] = await all(healthy);
    const api = connect([NOBODY, await mute(), good!]);
    assert.equal((await api.get('/version', {}, ONCE)).version, '9.2.11');
    assert.deepEqual(api.endpoints, [good!.origin, NOBODY.origin, api.endpoints[2]]);
  });

  it('tries again while its patience lasts, and then tells what the last round said', async () => {
    const [bad] = await all((_, response) =>
      bad!.asked.length < 3 ? bare(response, 595, 'No route to host') : json(response, VERSION),
    );
    assert.equal((await connect([bad!]).get('/version')).version, '9.2.11');
    const [worse] = await all((_, response) => bare(response, 595, 'Connection timed out'));
    const error = await rejected(connect([NOBODY, worse!]).get('/version'));
    assert.ok(worse!.asked.length > 2);
    assert.deepEqual([error.status, error.trouble, error.passes], [595, 'node-unreachable', true]);
    assert.match(error.message, /^GET \/version at https:\/\/127\.0\.0\.1:\d+: 595 Connection timed out$/);
    assert.match(
      await words(connect([NOBODY]).get('/version', {}, ONCE)),
      /at https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
  });

  it('does not ask again, or elsewhere, what PVE refuses', async () => {
    const answers = [41, 43, 46, 16].map((index) => recorded[index]!);
    for (const answer of answers) {
      const [one, two] = await all((_, response) => replay(response, answer), healthy);
      const error = await rejected(connect([one!, two!]).get('/version'));
      assert.equal(error.status, answer.status);
      assert.deepEqual([one!.asked.length, two!.asked.length], [1, 0]);
      assert.ok(!error.passes);
    }
  });

  it('keeps secrets out of what it repeats', async () => {
    const [echo] = await all((request, response) =>
      response.writeHead(500, { 'content-type': 'text/html' }).end(`<p>${request.headers.authorization}</p>`),
    );
    assert.match(await words(connect([echo!]).get('/version', {}, ONCE)), /PVEAPIToken=brownout@pve!suite=•••/);
  });

  it('a move that HA was asked for is asked for, whatever is answered: before pve-ha-manager 5.0.2 nothing was', async () => {
    const moved = { data: { sid: 'vm:100', 'requested-node': 'pve2' } };
    for (const body of [{ data: null }, moved]) {
      const [endpoint] = await all((_, response) => json(response, body));
      const api = connect([endpoint!]);
      const asks = { sid: 'vm:100', node: 'pve2' };
      assert.equal(await api.post('/cluster/ha/resources/{sid}/migrate', asks), undefined);
      assert.equal(await api.post('/cluster/ha/resources/{sid}/relocate', asks), undefined);
    }
  });

  it('refuses an answer that makes no sense, and names the call', async () => {
    for (const body of [{}, { data: null }, [], { data: { version: [] } }, { data: 'x' }, 7 as unknown as object]) {
      const [strange, other] = await all((_, response) => json(response, body), healthy);
      const error = await rejected(connect([strange!, other!]).get('/version'));
      assert.equal(error.trouble, 'strange');
      assert.match(error.message, /^GET \/version at .*: an answer that the suite does not understand: /);
      assert.equal(other!.asked.length, 0);
    }
  });

  it('reads no more of an answer than it may, and waits no longer', async () => {
    const bounds = {
      'answers without end': /an answer of more than 100000 bytes/,
      'says nothing': /no answer within 1 s/,
    };
    for (const [what, said] of Object.entries(bounds)) {
      const [one] = await all(FAILURES[what]!);
      assert.match(await words(connect([one!]).get('/version', {}, ONCE)), said);
    }
  });

  it('asks one endpoint only, where that is wanted', async () => {
    const [one, two] = await all(healthy, (_, response) => bare(response, 595, 'No route to host'));
    const api = connect([one!, two!]);
    assert.equal((await rejected(api.get('/version', {}, { ...ONCE, endpoint: two!.origin }))).status, 595);
    assert.equal(one!.asked.length, 0);
    two!.handler = healthy;
    await api.get('/version', {}, { endpoint: two!.origin });
    assert.equal(api.endpoints[0], one!.origin, 'which is preferred stays');
    await assert.rejects(api.get('/version', {}, { endpoint: 'https://pve9:8006' }), /none of the cluster's endpoints/);
  });

  it('ends when it is told to, and when it is closed', async () => {
    const [silent] = await all(() => {});
    const api = connect([silent!]);
    const control = new AbortController();
    setTimeout(() => control.abort(new Error('enough')), 100);
    await assert.rejects(api.get('/version', {}, { signal: control.signal }), /enough/);
    setTimeout(() => api.close(), 100);
    await assert.rejects(api.get('/version'), /was closed/);
  });

  it('takes a connection that has ended meanwhile for what it is', async () => {
    const [one] = await all(healthy);
    const api = connect([one!]);
    let socket: IncomingMessage['socket'] | undefined;
    one!.handler = (request, response) => {
      if (request.socket === socket) return request.socket.destroy();
      socket = request.socket;
      json(response, VERSION);
    };
    for (let round = 0; round < 3; round += 1) await api.get('/version', {}, ONCE);
  });

  describe('that changes something', () => {
    const start = (api: Api) => api.post('/nodes/{node}/qemu/{vmid}/status/start', { node: 'pve1', vmid: 200 });
    const started: Handler = (_, response) => json(response, { data: UPID });

    it('goes elsewhere when it certainly was not made', async () => {
      const [cut, unreached, minority, good] = await all(
        healthy,
        FAILURES['does not reach the node: 595']!,
        FAILURES['has no majority']!,
        started,
      );
      cut!.close();
      const api = connect([NOBODY, cut!, await mute(), unreached!, minority!, good!]);
      assert.equal(await start(api), UPID);
      assert.deepEqual(
        [unreached, minority, good].map((each) => each!.asked.length),
        [1, 1, 1],
      );
    });

    for (const [what, handler] of Object.entries(FAILURES)) {
      if (/595|majority/.test(what)) continue;
      it(`is not made again when an endpoint ${what}: it may have been`, async () => {
        const [bad, good] = await all(handler, started);
        const error = await rejected(start(connect([bad!, good!])));
        assert.deepEqual([bad!.asked.length, good!.asked.length], [1, 0]);
        assert.equal(error.maybeDone, true);
      });

      it(`is made again when an endpoint ${what}, if twice is as once`, async () => {
        const [bad, good] = await all(handler, done);
        await connect([bad!, good!]).put('/cluster/options', { ha: 'shutdown_policy=freeze' });
        assert.deepEqual([bad!.asked.length, good!.asked.length], [1, 1]);
      });
    }

    it('is not said to be perhaps made when it was refused', async () => {
      const [busy] = await all((_, response) => replay(response, recorded[156]!));
      const error = await rejected(start(connect([busy!])));
      assert.deepEqual([error.trouble, error.maybeDone, error.passes], ['locked', false, true]);
      assert.equal(busy!.asked.length, 1);
    });

    it('is sent as a form', async () => {
      let [type, body]: (string | undefined)[] = [];
      const [one] = await all((request, response, sent) => {
        [type, body] = [request.headers['content-type'], sent];
        json(response, { data: { pid: 7 } });
      });
      const api = connect([one!]);
      const command = ['sh', '-c', 'a & b'];
      const got = await api.post('/nodes/{node}/qemu/{vmid}/agent/exec', { node: 'pve1', vmid: 200, command });
      assert.equal(got.pid, 7);
      assert.equal(type, 'application/x-www-form-urlencoded');
      assert.equal(body, 'command=sh&command=-c&command=a+%26+b');
    });
  });

  describe('and who it is', () => {
    const refused: Handler = (_, response) => bare(response, 401, 'Authentication failed!');

    it('shows its token', async () => {
      let shown: string | undefined;
      const [one] = await all((request, response) => {
        shown = request.headers.authorization;
        json(response, VERSION);
      });
      await connect([one!]).get('/version');
      assert.equal(shown, `PVEAPIToken=brownout@pve!suite=${SECRET}`);
    });

    it('takes a wrong token for wrong at once', async () => {
      const [one, two] = await all(refused, healthy);
      const error = await rejected(connect([one!, two!]).get('/version'));
      assert.deepEqual(
        [error.trouble, error.passes, one!.asked.length, two!.asked.length],
        ['unauthenticated', false, 1, 0],
      );
      assert.match(error.message, /401 Authentication failed!$/);
    });

    it('asks the others when a token that was good is refused: a node that has just started knows nobody', async () => {
      const [one, two] = await all(healthy, healthy);
      const api = connect([one!, two!]);
      await api.get('/version');
      one!.handler = refused;
      await api.get('/version');
      assert.equal(api.endpoints[0], two!.origin);
      two!.handler = refused;
      assert.equal((await rejected(api.get('/version'))).trouble, 'unauthenticated');
      assert.deepEqual([one!.asked.length, two!.asked.length], [3, 2], 'each once, and not again');
    });

    it('says which privilege is missing, and where', async () => {
      const message = 'Permission check failed (/vms/200, VM.PowerMgmt|VM.Audit)';
      const [one] = await all((_, response) => json(response, { data: null, message: `${message}\n` }, 403, message));
      const error = await rejected(connect([one!]).get('/version'));
      assert.equal(error.trouble, 'forbidden');
      assert.deepEqual(error.missing, { path: '/vms/200', privileges: ['VM.PowerMgmt', 'VM.Audit'] });
      assert.match(error.hint!, /VM\.PowerMgmt or VM\.Audit on \/vms\/200/);
    });

    it('needs a secret that is there', async () => {
      const [one] = await all(healthy);
      const api = connect([one!], { login: { token: 'a@pve!b', secret: 'env:BROWNOUT_TEST_NOTHING' } });
      await assert.rejects(
        api.get('/version'),
        /the secret of the API token a@pve!b refers to env:BROWNOUT_TEST_NOTHING/,
      );
      assert.equal(one!.asked.length, 0);
    });

    /** A cluster that knows tickets: the last one that it gave, and no other. */
    const withTickets = (): Handler => {
      let given = 0;
      return (request, response, body) => {
        if (request.url!.endsWith('/access/ticket')) {
          const form = new URLSearchParams(body);
          if (form.get('username') !== 'brownout@pve' || form.get('password') !== SECRET) {
            return replay(response, recorded[61]!);
          }
          given += 1;
          return json(response, {
            data: { username: 'brownout@pve', ticket: `PVE:a:${given}=`, CSRFPreventionToken: `csrf${given}` },
          });
        }
        if (request.headers.cookie !== `PVEAuthCookie=PVE%3Aa%3A${given}%3D`)
          return bare(response, 401, 'Authentication failed!');
        if (request.method !== 'GET' && request.headers.csrfpreventiontoken !== `csrf${given}`)
          return bare(response, 401, 'Permission denied - invalid csrf token');
        json(response, request.method === 'GET' ? VERSION : { data: null });
      };
    };
    const logins = (endpoint: TestEndpoint) => endpoint.asked.filter((each) => each === 'POST /access/ticket').length;

    it('logs in once for all who ask, and shows the ticket and, with changes, its token', async () => {
      const [one] = await all(withTickets());
      const api = connect([one!], { login: USER });
      await Promise.all([api.get('/version'), api.get('/version'), api.put('/cluster/options', { ha: 'x' })]);
      assert.equal(logins(one!), 1);
    });

    it('renews a ticket that is refused, once for all who ask, for changes too', async () => {
      const [one] = await all(withTickets());
      const api = connect([one!], { login: USER });
      await api.get('/version');
      // The cluster has forgotten what it gave.
      one!.handler = withTickets();
      await Promise.all([api.put('/cluster/options', { ha: 'x' }), api.get('/version'), api.get('/version')]);
      assert.equal(logins(one!), 2);
    });

    it('renews it once, and then says so', async () => {
      const tickets = withTickets();
      const [one] = await all((request, response, body) =>
        request.url!.endsWith('/access/ticket') ? tickets(request, response, body) : bare(response, 401, 'No ticket'),
      );
      assert.equal((await rejected(connect([one!], { login: USER }).get('/version'))).trouble, 'unauthenticated');
      assert.deepEqual([logins(one!), one!.asked.length], [2, 4]);
    });

    it('renews it before its two hours are over', async (context) => {
      const [one] = await all(withTickets());
      const api = connect([one!], { login: USER });
      await api.get('/version');
      const now = performance.now();
      context.mock.method(performance, 'now', () => now + 7_000_000);
      await api.get('/version');
      assert.equal(logins(one!), 2);
      assert.equal(one!.asked.filter((each) => each === 'GET /version').length, 2, 'no ticket was refused');
    });

    it('takes a wrong password for wrong at once, and says so of a second factor', async () => {
      const [one, two] = await all(withTickets(), healthy);
      const login = { user: 'brownout@pve', password: 'command:echo wrong' };
      const error = await rejected(connect([one!, two!], { login }).get('/version'));
      assert.match(error.message, /^POST \/access\/ticket at .*: 401 authentication failure$/);
      assert.deepEqual(one!.asked, ['POST /access/ticket']);
      const challenge = { username: 'brownout@pve', ticket: 'PVE:!tfa!x', CSRFPreventionToken: 'x', NeedTFA: 1 };
      one!.handler = (_, response) => json(response, { data: challenge });
      await assert.rejects(connect([one!], { login: USER }).get('/version'), /needs a second factor/);
    });
  });

  describe('and whom it trusts', () => {
    it('is whoever shows a certificate that is pinned', async () => {
      const [one, two] = await all(healthy, healthy);
      const trust = { fingerprints: [one!.fingerprint, two!.fingerprint] };
      await connect([one!], { trust }).get('/version');
      await connect([two!], { trust }).get('/version');
    });

    it('is nobody with another one: both fingerprints and the endpoint are named, and nothing is sent', async () => {
      const [one, two] = await all(healthy, healthy);
      const trust = { fingerprints: [two!.fingerprint] };
      const error = await rejected(connect([one!, two!], { trust }).get('/version'));
      assert.deepEqual([error.trouble, error.passes], ['untrusted', false]);
      assert.ok(
        error.message.includes(`${one!.origin}: it shows a certificate with the fingerprint ${one!.fingerprint}`),
      );
      assert.ok(error.message.includes(two!.fingerprint));
      assert.match(error.hint!, /openssl x509 .*-fingerprint -sha256/);
      assert.deepEqual([...one!.asked, ...two!.asked], []);
      const change = connect([one!], { trust }).put('/cluster/options', { ha: 'x' });
      assert.equal((await rejected(change)).maybeDone, false);
      assert.deepEqual(one!.asked, []);
    });

    it('is nobody that another authority has signed, or none that this computer knows', async () => {
      const [one] = await all(healthy);
      const other = new Authority();
      for (const ca of [other.file, undefined]) {
        const error = await rejected(connect([one!], { trust: { ca } }).get('/version'));
        assert.equal(error.trouble, 'untrusted');
        assert.match(error.message, /its certificate is not trusted/);
      }
      assert.deepEqual(one!.asked, []);
      other.remove();
      assert.throws(() => connect([one!], { trust: { ca: other.file } }), OperatorError);
      assert.throws(() => connect([one!], { trust: { ca: import.meta.filename } }), /holds no certificate/);
    });

    it('is nobody whose certificate is for another name', async () => {
      const [one] = await all(healthy);
      const named = { origin: one!.origin.replace('127.0.0.1', 'localhost') };
      const error = await rejected(connect([named]).get('/version'));
      assert.equal(error.trouble, 'untrusted', error.message);
      assert.deepEqual(one!.asked, []);
    });
  });
});
