import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../tests/until.ts';
import { AgeLocks } from './age-locks.ts';
import type { Entry, EtcdGateway, Write } from './etcd-gateway.ts';

/** A lifetime of 0.1 s. */
const SCALE = 1200;

/** A store of one process, in which a write holds only if what it has seen is still so. */
function store(): EtcdGateway {
  let revision = 1;
  const entries = new Map<string, Entry>();
  const memory = {
    get: async (key: string) => entries.get(key),
    writeIf: async (seen: [string, string | undefined][], writes: Write[]) => {
      if (seen.some(([key, its]) => entries.get(key)?.revision !== its)) return false;
      revision += 1;
      for (const { put, remove } of writes) {
        if (put) entries.set(put[0], { key: put[0], value: put[1], revision: String(revision) });
        else entries.delete(remove!);
      }
      return true;
    },
  };
  return memory as unknown as EtcdGateway;
}

test('a lock that has run out is removed by one attempt, and taken by the next: a round later', async () => {
  const etcd = store();
  const [dead, master] = [new AgeLocks(etcd, 'pve1', SCALE), new AgeLocks(etcd, 'pve2', SCALE)];
  assert.equal(await dead.take('agent'), true);
  assert.equal(await dead.take('agent'), true, 'it is renewed');
  assert.equal(await master.take('agent'), false);
  await until('it is removed', async () => {
    assert.equal(await master.take('agent'), false);
    return (await etcd.get('/pve-locks/agent')) === undefined;
  });
  assert.equal(await master.take('agent'), true);
  assert.equal(await dead.take('agent'), false, 'who had it has lost it');
});

test('a lock that is renewed does not run out, and one that is given back is free at once', async () => {
  const etcd = store();
  const [holder, other] = [new AgeLocks(etcd, 'pve1', SCALE), new AgeLocks(etcd, 'pve2', SCALE)];
  await holder.take('agent');
  for (let i = 0; i < 20; i++) {
    await new Promise((done) => setTimeout(done, 10));
    assert.equal(await holder.take('agent'), true);
    assert.equal(await other.take('agent'), false);
  }
  await holder.release('agent');
  assert.equal(await other.take('agent'), true);
});
