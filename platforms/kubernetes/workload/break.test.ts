import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../api/api.ts';
import { type Controller, PODS, type Pod, type Resource, STATEFUL_SETS } from '../api/objects.ts';
import { breakService, mendService } from './break.ts';

/** As much of a cluster as is asked: one StatefulSet, whose controller never replaces a pod that is not ready. */
function cluster() {
  const labels = { app: 'db' };
  const container = { name: 'db', image: 'postgres:16' };
  const controller = {
    metadata: { name: 'db', resourceVersion: '1', annotations: {} as Record<string, string | null> },
    spec: { template: { metadata: { labels }, spec: { containers: [container] } } },
    status: {},
  };
  const podOf = (name: string, own: object) => ({ metadata: { name, uid: name, labels }, spec: { containers: [own] } });
  let pods: object[] = [podOf('db-0', { ...container })];
  const api = {
    list: async (resource: Resource) => ({
      items: resource === PODS ? pods : resource === STATEFUL_SETS ? [structuredClone(controller)] : [],
    }),
    merge: async (_: Resource, __: object, body: Partial<Controller> & { spec: Controller['spec'] }) => {
      Object.assign(controller.metadata.annotations, body.metadata?.annotations);
      for (const [key, value] of Object.entries(controller.metadata.annotations))
        if (value === null) delete controller.metadata.annotations[key];
      Object.assign(container, body.spec.template.spec.containers[0]);
    },
    delete: async (_: Resource, { name }: { name: string }, { preconditions }: { preconditions: { uid: string } }) => {
      assert.equal(preconditions.uid, name);
      pods = pods.filter((pod) => (pod as Pod).metadata.name !== name);
    },
  } as unknown as Api;
  const roll = () => {
    pods = [podOf('db-0', { ...container }), podOf('db-1', { name: 'db', image: 'postgres:16' })];
  };
  return { api, roll, image: () => container.image, names: () => pods.map((pod) => (pod as Pod).metadata.name) };
}

test("a StatefulSet's broken pod is deleted: its controller would wait for it for ever", async () => {
  for (const how of ['image', 'probe'] as const) {
    const { api, roll, image, names } = cluster();
    await breakService(api, 'brownout-x', 'db', how);
    roll();
    await mendService(api, 'brownout-x', 'db');
    assert.deepEqual([image(), names()], ['postgres:16', ['db-1']], how);
    // Again: whoever was killed in between has the rest done.
    roll();
    await mendService(api, 'brownout-x', 'db');
    assert.deepEqual(names(), ['db-0', 'db-1']);
  }
});
