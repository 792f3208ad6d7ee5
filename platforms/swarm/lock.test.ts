/** Whose clock says that a lock is stale: the Swarm's, never that of who reads it. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { Hosts } from './hosts.ts';
import { lockHolder, takeLock } from './lock.ts';

const RENEWED = '2020-01-01T00:00:00.123456789Z';

describe('a lock on a Swarm', { timeout: 30_000 }, () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  /** A manager that has such a lock, and whose clock shows this. */
  async function manager(clock: string, owner = 'elsewhere 1 1'): Promise<{ hosts: Hosts; changes: string[] }> {
    const changes: string[] = [];
    const Labels = { 'brownout.run': 'living', 'brownout.owner': owner };
    const config = { ID: 'c1', Version: { Index: 7 }, UpdatedAt: RENEWED, Spec: { Name: 'brownout-lock', Labels } };
    const info = { Name: 'm1', SystemTime: clock, Swarm: { NodeID: 'n1', ControlAvailable: true } };
    const server = createServer(({ method, url }, response) => {
      if (method !== 'GET') changes.push(`${method} ${url}`);
      const body = url!.includes('/info') ? info : method === 'GET' ? [config] : { ID: 'c2' };
      response
        .writeHead(method === 'POST' ? 201 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { hosts: new Hosts({ hosts: [`tcp://127.0.0.1:${port}`], tls: undefined }), changes };
  }

  it('lives while it was renewed lately by their clock, whatever ours shows', async () => {
    const { hosts, changes } = await manager('2020-01-01T00:01:00Z');
    assert.equal(await lockHolder(hosts), 'living');
    const answer = await takeLock(hosts, 'mine', 'here 1 1');
    assert.deepEqual(answer, { held: false, holder: 'run living of elsewhere 1 1, renewed 2020-01-01T00:00:00.123Z' });
    assert.deepEqual(changes, []);
  });

  it('is stale when it was not renewed for two minutes by their clock', async () => {
    const { hosts, changes } = await manager('2020-01-01T00:02:01Z');
    assert.equal(await lockHolder(hosts), undefined);
    assert.deepEqual(await takeLock(hosts, 'mine', 'here 1 1'), { held: true });
    assert.deepEqual(
      changes.map((change) => change.split('?')[0]),
      ['DELETE /configs/c1', 'POST /configs/create'],
    );
  });

  it('is not taken from a manager that does not tell its time', async () => {
    const { hosts } = await manager('');
    assert.equal(await lockHolder(hosts), 'living');
  });
});
