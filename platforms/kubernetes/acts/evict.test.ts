/** What the eviction API answers, as a real one says it, and what is made of each answer. */
import assert from 'node:assert/strict';
import { createServer, globalAgent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import type { Reach } from '../api/reach.ts';
import { evictAll } from './drain.ts';
import { evict } from './evict.ts';

const LIMITS = { connect: 1_000, idle: 1_000, try: 2_000, patience: 1_000 };
const UID = '1f3e9c2a-0000-4000-8000-000000000000';

interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

const failure = (code: number, message: string, more: object = {}): Answer => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, ...more },
});
const granted: Answer = { status: 201, body: { kind: 'Status', apiVersion: 'v1', status: 'Success', code: 201 } };
/** The API's answer with 429 names the budget among its causes. */
const byBudget = (message: string): Answer =>
  failure(429, "Cannot evict pod as it would violate the pod's disruption budget.", {
    reason: 'TooManyRequests',
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  });
const needsTwo = byBudget('The disruption budget keep needs 2 healthy pods and has 2 currently');
const unprocessed = byBudget('The disruption budget keep is still being processed by the server.');
const twoBudgets = failure(
  500,
  'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
);
const gone = failure(404, 'pods "front-1" not found', {
  reason: 'NotFound',
  details: { name: 'front-1', kind: 'pods' },
});
const anotherUid = failure(
  409,
  `Operation cannot be fulfilled on Pod "front-1": the UID in the precondition (${UID}) does not match the UID in record`,
  { reason: 'Conflict' },
);
const changedBudget = failure(
  409,
  'Operation cannot be fulfilled on poddisruptionbudgets.policy "keep": the object has been modified; please apply your changes to the latest version and try again',
  { reason: 'Conflict' },
);
const busy: Answer = {
  ...failure(429, 'Too many requests, please try again later.', { reason: 'TooManyRequests' }),
  headers: { 'retry-after': '0' },
};
const webhook = (code: number) =>
  failure(code, 'admission webhook "evictions.example.org" denied the request: the data is being moved');

describe('an eviction', { timeout: 60_000 }, () => {
  const servers: Server[] = [];

  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** An API with one pod, on w1, that answers evictions with these, the last one for ever. */
  async function serve(answers: Answer[], uid = UID): Promise<{ api: Api; asked(): number }> {
    let asked = 0;
    const pod = { metadata: { name: 'front-1', namespace: 'x', uid }, spec: { containers: [] }, status: {} };
    const server = createServer((request, response) => {
      const answer = () => {
        if (request.method === 'POST') return answers[Math.min(asked++, answers.length - 1)]!;
        return { status: 200, body: request.url!.includes('fieldSelector') ? { items: [pod] } : pod };
      };
      const { status, body, headers = {} }: Answer = answer();
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const reach: Reach = {
      server: new URL(`http://127.0.0.1:${port}`),
      access: async () => ({ agent: globalAgent, headers: {} }),
      renew() {},
      suspicion: () => undefined,
    };
    return { api: new Api(reach, LIMITS), asked: () => asked };
  }
  const outcome = async (answers: Answer[], uid?: string) => {
    const { api, asked } = await serve(answers, uid);
    const eviction = await evict(api, 'x', 'front-1', UID, { processing: 2_000 });
    return { eviction, asked: asked() };
  };

  it('is granted', async () => {
    assert.deepEqual(await outcome([granted]), { eviction: { evicted: true }, asked: 1 });
  });

  it('is blocked by a budget, which is named', async () => {
    const blocked = 'keep: needs 2 healthy pods and has 2 currently';
    assert.deepEqual(await outcome([needsTwo]), { eviction: { evicted: false, blocked }, asked: 1 });
  });

  it('is blocked by a budget that cannot be computed', async () => {
    const why = 'does not allow evicting pods currently because it failed sync: found no controllers for pod "front-1"';
    const { eviction } = await outcome([byBudget(`The disruption budget keep ${why}`)]);
    assert.deepEqual(eviction, { evicted: false, blocked: `keep: ${why}` });
  });

  it('of a pod with two budgets is refused for good, asked once', async () => {
    assert.deepEqual(await outcome([twoBudgets]), {
      eviction: {
        evicted: false,
        refused: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        forGood: true,
      },
      asked: 1,
    });
  });

  it('is decided once the budget has been processed', async () => {
    const blocked = 'keep: needs 2 healthy pods and has 2 currently';
    assert.deepEqual(await outcome([unprocessed, needsTwo]), { eviction: { evicted: false, blocked }, asked: 2 });
    assert.deepEqual(await outcome([unprocessed, granted]), { eviction: { evicted: true }, asked: 2 });
  });

  it('is not known where the budget is never processed', async () => {
    await assert.rejects(outcome([unprocessed]), /budget keep is still being processed by the server after 2 s/);
  });

  it('is not known where the budget does not count', async () => {
    const full = failure(
      403,
      'poddisruptionbudgets.policy "keep" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller',
      { reason: 'Forbidden' },
    );
    await assert.rejects(outcome([full]), /DisruptedPods map too big/);
  });

  it('is asked for again where the API is busy, and not known where it stays so', async () => {
    assert.deepEqual(await outcome([busy, busy, granted]), { eviction: { evicted: true }, asked: 3 });
    await assert.rejects(outcome([busy]), (error) => error instanceof ApiError && error.status === 429);
  });

  it('of a pod that is gone, or another by now, was granted by nobody', async () => {
    assert.deepEqual(await outcome([gone]), { eviction: { evicted: true, gone: true }, asked: 1 });
    const other = UID.replace('1f3e9c2a', '2e5a7b01');
    assert.deepEqual(await outcome([anotherUid], other), { eviction: { evicted: true, gone: true }, asked: 1 });
  });

  it('is asked for again where somebody else changed the budget meanwhile: the pod is there', async () => {
    assert.deepEqual(await outcome([changedBudget, granted]), { eviction: { evicted: true }, asked: 2 });
    await assert.rejects(outcome([changedBudget]), /has been modified/);
  });

  it('is refused by a webhook, for good unless it says that it is for now', async () => {
    const refused = 'admission webhook "evictions.example.org" denied the request: the data is being moved';
    const eviction = (forGood: boolean) => ({ evicted: false, refused, forGood });
    assert.deepEqual(await outcome([webhook(403)]), { eviction: eviction(true), asked: 1 });
    assert.deepEqual(await outcome([webhook(429)]), { eviction: eviction(false), asked: 1 });
  });

  it('that the account may not ask for is an error', async () => {
    const words =
      'pods "front-1" is forbidden: User "ci" cannot create resource "pods/eviction" in API group "" in the namespace "x"';
    await assert.rejects(outcome([failure(403, words, { reason: 'Forbidden' })]), /ci may not create pods\/eviction/);
  });

  it('that never will be granted ends a drain at once, with the reason', async () => {
    const { api, asked } = await serve([twoBudgets]);
    await assert.rejects(evictAll(api, 'w1'), /w1 cannot be drained: x\/front-1: .*more than one PodDisruptionBudget/);
    assert.equal(asked(), 1);
  });
});
