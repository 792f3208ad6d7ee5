/** What a namespace that is being removed says of itself, as a real API says it, and what is told of it. */
import assert from 'node:assert/strict';
import { createServer, globalAgent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { isPermanent } from '../../../units/operator-error.ts';
import { Api } from '../api/api.ts';
import { removeNamespace } from './remove.ts';

const HOLD = 'example.org/hold';
const ready = (name: string, status: string) => ({
  metadata: { name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status }] },
});
const named = (name: string, finalizers?: string[]) => ({
  metadata: { name, resourceVersion: '7', ...(finalizers ? { finalizers } : {}) },
});
const pod = (name: string, nodeName: string, finalizers?: string[], claimName?: string) => ({
  ...named(name, finalizers),
  spec: { nodeName, containers: [], volumes: claimName ? [{ persistentVolumeClaim: { claimName } }] : [] },
  status: {},
});
const remaining = (message: string) => ({
  type: 'NamespaceContentRemaining',
  status: 'True',
  reason: 'SomeResourcesRemain',
  message: `Some resources are remaining: ${message}`,
});

describe('a namespace that does not go', { timeout: 60_000 }, () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** An API that has this in the namespace x, by path, and refuses all else. */
  async function removalOf(
    has: Record<string, object[]>,
    conditions: object[],
    finalizers: string[] = [],
  ): Promise<Error> {
    const namespace = {
      metadata: { name: 'x', labels: { 'brownout.run': 'r' }, finalizers },
      status: { conditions },
    };
    const server = createServer(({ method, url }, response) => {
      const path = url!.split('?')[0]!;
      const answer = (status: number, body: object) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (method === 'DELETE' || path === '/api/v1/namespaces/x') return answer(200, namespace);
      if (path === '/apis') {
        return answer(200, { groups: [{ name: 'example.org', preferredVersion: { version: 'v1beta1' } }] });
      }
      if (path === '/api/v1') {
        const verbs = ['delete', 'list'];
        const resources = ['configmaps', 'events', 'pods', 'pods/log'].map((name) => ({
          name,
          namespaced: true,
          verbs,
        }));
        return answer(200, { resources });
      }
      if (path === '/apis/example.org') return answer(200, { preferredVersion: { version: 'v1beta1' } });
      if (has[path]) return answer(200, { items: has[path] });
      if (path.includes('priorityclasses')) return answer(200, { items: [] });
      return answer(403, { kind: 'Status', reason: 'Forbidden', code: 403, message: `${path} is forbidden` });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const api = new Api({
      server: new URL(`http://127.0.0.1:${port}`),
      access: async () => ({ agent: globalAgent, headers: {} }),
      renew() {},
      suspicion: () => undefined,
    });
    return removeNamespace(api, 'x', undefined, { held: 500, whole: 3_000 }).then(
      () => assert.fail('it went'),
      (error: Error) => error,
    );
  }
  const nodes = { '/api/v1/nodes': [ready('w1', 'True'), ready('w2', 'Unknown')] };

  it('names every object that is held, by what, and how it is let go; asking again is of no use', async () => {
    const error = await removalOf(
      {
        ...nodes,
        '/api/v1/namespaces/x/pods': [pod('front-1', 'w1', [HOLD], 'data')],
        '/api/v1/namespaces/x/persistentvolumeclaims': [named('data', ['kubernetes.io/pvc-protection'])],
        '/apis/example.org/v1beta1/namespaces/x/widgets': [named('one', [HOLD, 'example.org/other'])],
      },
      [
        remaining(
          'persistentvolumeclaims. has 1 resource instances, pods. has 1 resource instances, widgets.example.org has 1 resource instances',
        ),
      ],
    );
    assert.ok(isPermanent(error), String(error));
    assert.equal(
      error.message,
      'x is not wholly removed, and nothing has changed for 0.5 s: pods/front-1 (finalizer example.org/hold); ' +
        'persistentvolumeclaims/data (finalizer kubernetes.io/pvc-protection; used by pods/front-1); ' +
        'widgets.example.org/one (finalizers example.org/hold, example.org/other). ' +
        'A finalizer is taken off by the controller that set it: does that run? If it never will: ' +
        `kubectl --namespace x patch pods front-1 --type=merge --patch '{"metadata":{"finalizers":null}}'; then: brownout undo`,
    );
  });

  it('names what is held and whose turn has not come: pods are removed first', async () => {
    const error = await removalOf(
      {
        ...nodes,
        '/api/v1/namespaces/x/pods': [pod('front-1', 'w1', [HOLD])],
        '/api/v1/namespaces/x/configmaps': [named('free'), named('kept', [HOLD])],
      },
      [remaining('pods. has 1 resource instances')],
    );
    assert.match(
      error.message,
      /pods\/front-1 \(.*\); configmaps\/kept \(finalizer example\.org\/hold\)\. A finalizer/,
    );
  });

  it('says how many there are of what may not be listed', async () => {
    const error = await removalOf({ ...nodes, '/api/v1/namespaces/x/pods': [] }, [
      remaining('secrets. has 2 resource instances'),
    ]);
    assert.match(error.message, /2 secrets \(the suite's account may not list them\)/);
  });

  it('names the pod on a node that does not answer; that may pass', async () => {
    const error = await removalOf({ ...nodes, '/api/v1/namespaces/x/pods': [pod('back-0', 'w2')] }, [
      remaining('pods. has 1 resource instances'),
    ]);
    assert.match(error.message, /pods\/back-0 \(its node w2 does not answer, and must confirm its end\)/);
    assert.ok(!isPermanent(error));
  });

  it('names a finalizer of its own, and why its controller gets no further', async () => {
    const error = await removalOf(
      { ...nodes, '/api/v1/namespaces/x/pods': [] },
      [
        {
          type: 'NamespaceDeletionDiscoveryFailure',
          status: 'True',
          message: 'Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1',
        },
      ],
      [HOLD],
    );
    assert.match(error.message, /namespaces\/x \(finalizer example\.org\/hold\); Discovery failed for some groups/);
    assert.match(error.message, /kubectl patch namespaces x --type=merge/);
  });
});
