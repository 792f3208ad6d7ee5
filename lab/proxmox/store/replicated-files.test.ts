import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { until } from '../../../tests/until.ts';
import { type Entry, type EtcdGateway, EtcdUnavailable, type Write } from './etcd-gateway.ts';
import { ReplicatedFiles } from './replicated-files.ts';

/** A store of one process. `slow`: reads are not answered in time. `held`: a listing is answered late, as it was when it was asked. */
class Store {
  slow = false;
  held: Promise<void> | undefined;
  lists = 0;
  #revision = 1;
  readonly #entries = new Map<string, Entry>();

  async get(key: string): Promise<Entry | undefined> {
    if (this.slow) throw new EtcdUnavailable('etcd does not answer: deadline exceeded');
    return this.#entries.get(key);
  }

  async list(prefix: string): Promise<{ entries: Entry[]; revision: string }> {
    if (this.slow) throw new EtcdUnavailable('etcd does not answer: deadline exceeded');
    this.lists += 1;
    const seen = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    const answer = { entries: seen, revision: String(this.#revision) };
    await this.held;
    return answer;
  }

  async writeIf(_seen: unknown, writes: Write[]): Promise<boolean> {
    this.#revision += 1;
    for (const { put, remove } of writes) {
      if (put) this.#entries.set(put[0], { key: put[0], value: put[1], revision: String(this.#revision) });
      else this.#entries.delete(remove!);
    }
    return true;
  }
}

describe('what a node has just written it reads, also while the store is slow', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-files-'));
  let store: Store;
  let files: ReplicatedFiles;
  after(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    store = new Store();
    files = new ReplicatedFiles({
      etcd: store as unknown as EtcdGateway,
      id: 'pve1',
      hasMajority: () => true,
      copy: join(folder, `${Math.random()}`, 'copy.json'),
      timeScale: 20,
    });
    await until('it has a majority', () => files.quorate());
  });

  afterEach(() => files.close());

  it('a new file, one that was removed, one that was moved', async () => {
    await files.write('nodes/pve1/qemu-server/105.conf', 'name: a\n');
    store.slow = true;
    assert.equal(await files.read('nodes/pve1/qemu-server/105.conf'), 'name: a\n');
    assert.deepEqual(await files.list('nodes/pve1/qemu-server'), ['nodes/pve1/qemu-server/105.conf']);
    store.slow = false;
    await files.move('nodes/pve1/qemu-server/105.conf', 'nodes/pve2/qemu-server/105.conf');
    store.slow = true;
    assert.deepEqual(await files.list('nodes/pve1/qemu-server'), []);
    assert.equal(await files.read('nodes/pve2/qemu-server/105.conf'), 'name: a\n');
    store.slow = false;
    await files.remove('nodes/pve2/qemu-server/105.conf');
    store.slow = true;
    assert.equal(await files.read('nodes/pve2/qemu-server/105.conf'), undefined);
  });

  it('a look at the store that was under way does not take it back', async () => {
    const late = Promise.withResolvers<void>();
    store.held = late.promise;
    const before = store.lists;
    await until('a look is under way', () => store.lists > before);
    await files.write('datacenter.cfg', 'ha: shutdown_policy=migrate\n');
    store.held = undefined;
    const asked = store.lists;
    late.resolve();
    await until('it has ended, and the next has', () => store.lists > asked);
    store.slow = true;
    assert.equal(await files.read('datacenter.cfg'), 'ha: shutdown_policy=migrate\n');
  });
});
