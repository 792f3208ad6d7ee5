import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  Authority,
  type Handler,
  type Recorded,
  readData,
  replay,
  TestEndpoint,
} from '../../../tests/proxmox/server.ts';
import { Api } from './api.ts';
import { finished, TaskError } from './tasks.ts';

const LIMITS = { connect: 2_000, read: 1_000, write: 1_000, patience: 2_000, bytes: 100_000 };
const FOLLOWING = { timeout: 10_000, every: 20, silence: 2_000 };
const UPID = 'UPID:pve1:00000179:000C5CB4:6B064CB3:qmclone:200:root@pam!rec:';
const STATUS = {
  upid: UPID,
  node: 'pve1',
  pid: 377,
  pstart: 810_164,
  starttime: 1_795_574_963,
  type: 'qmclone',
  id: '200',
  user: 'root@pam',
  tokenid: 'rec',
};

const json = (response: ServerResponse, body: object) =>
  response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));

describe('a task', { timeout: 60_000 }, () => {
  const recorded = readData<Recorded[]>('answers.json');
  let authority: Authority;
  let endpoints: TestEndpoint[] = [];
  let api: Api | undefined;

  before(() => {
    process.env.BROWNOUT_TEST_PVE = 'hunter2';
    authority = new Authority();
  });
  const close = () => {
    api?.close();
    for (const endpoint of endpoints) endpoint.close();
    endpoints = [];
  };
  afterEach(close);
  after(() => authority.remove());

  const serve = async (...handlers: Handler[]): Promise<{ api: Api; endpoints: TestEndpoint[] }> => {
    close();
    endpoints = await Promise.all(handlers.map((handler) => TestEndpoint.open(authority, handler)));
    const login = { token: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' };
    api = new Api({ endpoints: endpoints.map(({ origin }) => origin), login, trust: { ca: authority.file } }, LIMITS);
    return { api, endpoints };
  };
  /** A task that runs for so many looks and ends like this, with a log of so many lines. */
  const task = (looks: number, exitstatus?: string, lines = 3): Handler => {
    let looked = 0;
    return (request, response) => {
      const url = new URL(request.url!, 'https://x');
      if (url.pathname.endsWith('/status')) {
        looked += 1;
        const isOver = looked > looks;
        const end = exitstatus === undefined ? {} : { exitstatus };
        return json(response, { data: { ...STATUS, status: isOver ? 'stopped' : 'running', ...(isOver ? end : {}) } });
      }
      const [start, limit] = ['start', 'limit'].map((name) => Number(url.searchParams.get(name) ?? 0));
      const all = Array.from({ length: lines }, (_, index) => ({ n: index + 1, t: `line ${index + 1}` }));
      json(response, { data: all.slice(start, start! + limit!), total: lines });
    };
  };
  const rejected = async (work: Promise<unknown>): Promise<TaskError> => {
    const error = await work.then(
      () => assert.fail('it ended well'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof TaskError, String(error));
    return error;
  };

  it('is followed to its end', async () => {
    const {
      api,
      endpoints: [one],
    } = await serve(task(3, 'OK'));
    assert.deepEqual(await finished(api, UPID, FOLLOWING), { upid: UPID, warnings: 0 });
    assert.equal(one!.asked.length, 4);
    assert.equal(one!.asked[0], `GET /nodes/pve1/tasks/${UPID}/status`);
  });

  it('ends well with warnings, too', async () => {
    const { api } = await serve(task(0, 'WARNINGS: 2'));
    assert.equal((await finished(api, UPID, FOLLOWING)).warnings, 2);
  });

  it('that fails says why, with the end of its log', async () => {
    const { api } = await serve(task(1, 'VM is locked (snapshot)', 25));
    const error = await rejected(finished(api, UPID, FOLLOWING));
    assert.deepEqual([error.outcome, error.trouble], ['failed', 'locked']);
    assert.deepEqual(
      error.log,
      [16, 17, 18, 19, 20, 21, 22, 23, 24, 25].map((n) => `line ${n}`),
    );
    assert.match(
      error.message,
      /^the task qmclone of 200 on pve1 \(UPID:.*\) failed: VM is locked \(snapshot\)\n {2}line 16\n/,
    );
  });

  it('that failed on a real cluster says what it said there', async () => {
    let failed = 0;
    for (const each of recorded) {
      const { upid, exitstatus } = ((each.body as { data?: object }).data ?? {}) as {
        upid?: string;
        exitstatus?: string;
      };
      if (!upid || exitstatus === undefined || exitstatus === 'OK') continue;
      failed += 1;
      const log = recorded.find(({ request }) => request.path === each.request.path.replace(/status$/, 'log'))!;
      const { api } = await serve((request, response) => replay(response, /\/status$/.test(request.url!) ? each : log));
      const error = await rejected(finished(api, upid, FOLLOWING));
      assert.equal(error.outcome, 'failed');
      assert.ok(error.message.includes(exitstatus), exitstatus);
      assert.ok(
        error.log.some((line) => line.startsWith('TASK ERROR: ')),
        error.message,
      );
    }
    assert.ok(failed > 10);
  });

  it('is followed through another endpoint when one dies', async () => {
    const {
      api,
      endpoints: [one],
    } = await serve(
      (request, response) => (one!.asked.length > 1 ? request.socket.destroy() : task(9)(request, response, '')),
      task(1, 'OK'),
    );
    await finished(api, UPID, FOLLOWING);
  });

  it('survives that its node is out of reach for a moment', async () => {
    const {
      api,
      endpoints: [one],
    } = await serve((request, response) =>
      one!.asked.length < 4
        ? response.writeHead(595, 'No route to host', {}).end()
        : task(0, 'OK')(request, response, ''),
    );
    await finished(api, UPID, FOLLOWING);
  });

  it('whose node has died is unknown, and said to be', async () => {
    const gone: Handler = (_, response) => response.writeHead(595, 'No route to host', {}).end();
    const { api } = await serve(gone, gone);
    const error = await rejected(finished(api, UPID, { ...FOLLOWING, silence: 200 }));
    assert.equal(error.outcome, 'unknown');
    assert.match(error.message, /^nobody knows what became of the task qmclone of 200 on pve1 .*has not answered for/);
    assert.match(error.hint!, /is pve1 alive/);
  });

  it('whose worker died without a word is unknown', async () => {
    for (const exitstatus of ['unexpected status', undefined]) {
      const { api } = await serve(task(0, exitstatus));
      const error = await rejected(finished(api, UPID, FOLLOWING));
      assert.equal(error.outcome, 'unknown');
    }
  });

  it('that goes on for too long is unknown', async () => {
    const { api } = await serve(task(1_000_000));
    const error = await rejected(finished(api, UPID, { ...FOLLOWING, timeout: 100 }));
    assert.equal(error.outcome, 'unknown');
    assert.match(error.message, /has not ended within 0\.1 s, and goes on/);
    assert.equal(error.log.at(-1), 'line 3');
  });

  it('that is none is refused', async () => {
    const { api } = await serve(task(0, 'OK'));
    await assert.rejects(finished(api, 'UPID:x', FOLLOWING), /'UPID:x' is not the name of a task/);
  });

  it('that its node has forgotten is unknown: the node was restarted under it', async () => {
    const forgotten = recorded.find(
      ({ body }) => (body as { errors?: { upid?: string } }).errors?.upid === 'no such task',
    )!;
    const { api } = await serve((_, response) => replay(response, forgotten));
    const error = await rejected(finished(api, UPID, FOLLOWING));
    assert.deepEqual([error.outcome, error.trouble], ['unknown', 'silent']);
    assert.match(
      error.message,
      /^nobody knows what became of the task qmclone of 200 on pve1 .*: pve1 knows no such task/,
    );
    assert.match(error.hint!, /was pve1 restarted/);
  });

  it('is followed no further when that is told', async () => {
    const { api } = await serve(task(1_000_000));
    const control = new AbortController();
    setTimeout(() => control.abort(new Error('enough')), 100);
    await assert.rejects(finished(api, UPID, { ...FOLLOWING, signal: control.signal }), /enough/);
  });
});
