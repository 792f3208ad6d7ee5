import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, pathOf, steadily } from './api.ts';

test('an object is where the API keeps its kind', () => {
  const at = (apiVersion: string, kind: string, namespace?: string) =>
    pathOf({ apiVersion, kind, metadata: { name: 'x', ...(namespace && { namespace }) } });
  assert.equal(at('v1', 'Node'), '/api/v1/nodes/x');
  assert.equal(at('v1', 'ConfigMap', 'kube-system'), '/api/v1/namespaces/kube-system/configmaps/x');
  assert.equal(at('storage.k8s.io/v1', 'StorageClass'), '/apis/storage.k8s.io/v1/storageclasses/x');
  assert.equal(at('apps/v1', 'Deployment', 'n'), '/apis/apps/v1/namespaces/n/deployments/x');
});

test('a call is repeated while the API is not there, and never when something else is wrong', async () => {
  let calls = 0;
  const third = await steadily(10_000, async () => {
    calls += 1;
    if (calls < 3) throw new ApiError('not yet', undefined);
    return calls;
  });
  assert.equal(third, 3);
  await assert.rejects(
    steadily(10_000, async () => {
      calls += 1;
      throw new TypeError('wrong');
    }),
    TypeError,
  );
  assert.equal(calls, 4);
  await assert.rejects(
    steadily(0, async () => {
      throw new ApiError('never', 503);
    }),
    /never/,
  );
});
