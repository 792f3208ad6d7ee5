/** A node's API over TLS, on nodes whose guests are memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it, mock } from 'node:test';
import { type Answer, Client } from '../../../tests/proxmox/client.ts';
import { MemoryCluster, PASSWORD, TOKEN_SECRET } from '../../../tests/proxmox/memory-cluster.ts';
import { Authority } from '../../../tests/proxmox/server.ts';
import { until } from '../../../tests/until.ts';
import { sleep } from '../../../units/sleep.ts';
import { poll } from '../../../units/until.ts';

const token = (id: string) => ({ authorization: `PVEAPIToken=root@pam!${id}=${TOKEN_SECRET}` });

describe('the API of a node', { timeout: 120_000 }, () => {
  const authority = new Authority();
  let cluster: MemoryCluster;
  let client: Client;
  const ask = (what: string, params?: Record<string, unknown>, headers: Record<string, string> = token('rec')) =>
    client.ask('pve1', what, params, headers);

  before(async () => {
    cluster = await MemoryCluster.start(authority);
    client = new Client((name) => cluster.origin(name), readFileSync(authority.file, 'utf8'));
  });
  after(async () => {
    await cluster.stop();
    authority.remove();
  });

  /** Waits for a task's end; its status and log. */
  async function done(answer: Answer): Promise<{ exitstatus: string; log: string[] }> {
    assert.equal(answer.status, 200, answer.reason);
    return client.done(String(answer.data), token('rec'));
  }

  it('lets nobody in who is not known: three seconds, an empty body, the words in the reason phrase', async () => {
    const began = performance.now();
    const strangers = await Promise.all([
      ask('GET /version', {}, {}),
      ask('GET /nowhere', {}, {}),
      ask('GET /nodes', {}, { authorization: 'PVEAPIToken=nonsense' }),
      ask('GET /nodes', {}, { authorization: `PVEAPIToken=root@pam!rec=${TOKEN_SECRET}x` }),
      ask('GET /nodes', {}, { cookie: 'PVEAuthCookie=PVE:root@pam:00000000::AAAA' }),
      ask('POST /access/ticket', { username: 'root@pam', password: 'wrong' }, {}),
    ]);
    assert.ok(performance.now() - began >= 3000);
    assert.deepEqual(
      strangers.map(({ status, reason, type, body }) => [status, reason, type, body]),
      [
        [401, 'No ticket', undefined, ''],
        [401, 'No ticket', undefined, ''],
        [401, 'Authentication failed!', undefined, ''],
        [401, 'Authentication failed!', undefined, ''],
        [401, 'Authentication failed!', undefined, ''],
        [
          401,
          'authentication failure',
          'application/json;charset=UTF-8',
          '{"data":null,"message":"authentication failure\\n"}',
        ],
      ],
    );
  });

  it('gives tickets, takes them however they are written, and wants a token against forgery for changes', async () => {
    const { data } = await ask('POST /access/ticket', { username: 'root', realm: 'pam', password: PASSWORD }, {});
    const { ticket, CSRFPreventionToken, username } = data as Record<string, string>;
    assert.equal(username, 'root@pam');
    for (const cookie of [
      `PVEAuthCookie=${ticket}`,
      `a=b; PVEAuthCookie=${encodeURIComponent(ticket!)}; version=0; path=/`,
    ])
      assert.equal((await ask('GET /version', {}, { cookie })).status, 200);
    const cookie = `PVEAuthCookie=${ticket}`;
    const forged = await ask('PUT /cluster/options', { description: 'x' }, { cookie });
    assert.deepEqual([forged.status, forged.reason], [401, 'Permission denied - invalid csrf token']);
    const headers = { cookie, csrfpreventiontoken: CSRFPreventionToken! };
    assert.equal((await ask('PUT /cluster/options', { description: 'x' }, headers)).status, 200);
    const again = await ask('POST /access/ticket', { username: 'root@pam', password: ticket! }, {});
    assert.equal(again.status, 200);
  });

  it('refuses what a token has no privilege for, and names it', async () => {
    const refused = await ask('POST /nodes/pve1/qemu/100/status/start', {}, token('poor'));
    assert.deepEqual([refused.status, refused.reason], [403, 'Permission check failed (/vms/100, VM.PowerMgmt)']);
    assert.equal(refused.body, '{"data":null,"message":"Permission check failed (/vms/100, VM.PowerMgmt)\\n"}');
    const { data } = await ask('GET /access/permissions', {}, token('poor'));
    assert.deepEqual(data, { '/vms': { 'VM.Audit': 1 } });
    const all = (await ask('GET /access/permissions')).data as Record<string, object>;
    assert.equal(Object.keys(all['/']!).length, 47);
  });

  it('makes, starts, moves, stops and removes a guest', async () => {
    const made = await done(
      await ask('POST /nodes/pve1/qemu', {
        vmid: 100,
        name: 'web',
        memory: 64,
        scsi0: 'shared:1',
        net0: 'virtio,bridge=vmbr0',
      }),
    );
    assert.equal(made.exitstatus, 'OK');
    const config = (await ask('GET /nodes/pve1/qemu/100/config')).data as Record<string, string>;
    assert.match(config.net0!, /^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0$/);
    assert.equal(config.scsi0, 'shared:100/vm-100-disk-0.qcow2,size=1G');
    const taken = await ask('POST /nodes/pve2/qemu', { vmid: 100 });
    assert.deepEqual(
      [taken.status, taken.reason],
      [500, "unable to create VM 100 - VM 100 already exists on node 'pve1'"],
    );

    await done(await ask('POST /nodes/pve1/qemu/100/status/start'));
    const twice = await done(await ask('POST /nodes/pve1/qemu/100/status/start'));
    assert.deepEqual(twice, { exitstatus: 'VM 100 already running', log: ['TASK ERROR: VM 100 already running'] });
    assert.equal((await ask('PUT /nodes/pve1/qemu/100/config', { memory: 96, description: 'one\ntwo' })).status, 200);
    const waiting = (await ask('GET /nodes/pve1/qemu/100/pending')).data as {
      key: string;
      value: string;
      pending?: string;
    }[];
    assert.deepEqual(
      waiting.find(({ key }) => key === 'memory'),
      { key: 'memory', value: '64', pending: '96' },
    );

    const offline = await ask('POST /nodes/pve1/qemu/100/migrate', { target: 'pve2' });
    assert.equal(offline.reason, "can't migrate running VM without --online");
    assert.equal(
      (await done(await ask('POST /nodes/pve1/qemu/100/migrate', { target: 'pve2', online: 1 }))).exitstatus,
      'OK',
    );
    const gone = await ask('GET /nodes/pve1/qemu/100/status/current');
    assert.deepEqual(
      [gone.status, gone.reason],
      [500, "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"],
    );
    // Through the node that was asked, from the node that does it.
    const moved = (await ask('GET /nodes/pve2/qemu/100/status/current')).data as Record<string, unknown>;
    assert.deepEqual([moved.status, moved.name, moved.ha], ['running', 'web', { managed: 0 }]);

    const alive = await ask('DELETE /nodes/pve2/qemu/100');
    assert.equal(alive.reason, 'VM 100 is running - destroy failed');
    await done(await ask('POST /nodes/pve2/qemu/100/status/stop'));
    await done(await ask('POST /nodes/pve2/qemu/100/status/start'));
    const { data: later } = await ask('GET /nodes/pve2/qemu/100/config', { current: 1 });
    assert.equal((later as Record<string, string>).memory, '96');
    await done(await ask('POST /nodes/pve2/qemu/100/status/shutdown', { timeout: 5 }));
    await done(await ask('DELETE /nodes/pve2/qemu/100'));
    assert.equal((await ask('GET /cluster/nextid')).data, '100');
  });

  it('lists a guest that moves as running, with its tags, at every moment', async () => {
    const row = async () => {
      const { data } = await ask('GET /cluster/resources', { type: 'vm' });
      return (data as { vmid: number; status: string; tags?: string; node: string }[]).find(({ vmid }) => vmid === 104);
    };
    await done(await ask('POST /nodes/pve1/qemu', { vmid: 104, memory: 64, tags: 'mine' }));
    assert.equal((await row())?.tags, 'mine', 'tags are of its configuration, known at once');
    await done(await ask('POST /nodes/pve1/qemu/104/status/start'));
    await until('its node has said that it runs', async () => (await row())?.status === 'running', 15_000);
    const moving = ask('POST /nodes/pve1/qemu/104/migrate', { target: 'pve2', online: 1 }).then(done);
    const seen = new Set<string>();
    // Beyond the moment at which the node that it left says again what it has.
    for (let looks = 0; looks < 60; looks += 1) {
      const { status, tags } = (await row())!;
      seen.add(`${status} ${tags}`);
      await sleep(20);
    }
    assert.equal((await moving).exitstatus, 'OK');
    assert.equal((await row())!.node, 'pve2');
    assert.deepEqual([...seen], ['running mine']);
    await done(await ask('POST /nodes/pve2/qemu/104/status/stop'));
    await done(await ask('DELETE /nodes/pve2/qemu/104'));
  });

  it('only asks the HA manager for what is under HA', async () => {
    await done(await ask('POST /nodes/pve1/qemu', { vmid: 103, memory: 64 }));
    const added = await client.raw(
      'pve1',
      'POST',
      '/api2/json/cluster/ha/resources/',
      token('rec'),
      'sid=vm%3A103&comment=',
    );
    assert.deepEqual([added.status, added.body], [200, '{"data":null}']);
    assert.deepEqual(await done(await ask('POST /nodes/pve1/qemu/103/status/stop')), {
      exitstatus: 'OK',
      log: ['Requesting HA stop for VM 103', 'TASK OK'],
    });
    await done(await ask('POST /nodes/pve1/qemu/103/status/shutdown', { timeout: 9 }));
    await done(await ask('POST /nodes/pve1/qemu/103/migrate', { target: 'pve3' }));
    assert.deepEqual((await ask('POST /cluster/ha/resources/103/migrate', { node: 'pve9' })).data, {
      sid: 'vm:103',
      'requested-node': 'pve9',
    });
    assert.equal(
      cluster.files.contents.get('ha/crm_commands'),
      'stop vm:103 0\nstop vm:103 9\nmigrate vm:103 pve3\nmigrate vm:103 pve9\n',
    );
    const rows = (await ask('GET /cluster/ha/status/current')).data as { id: string; status: string }[];
    assert.equal(rows.find(({ id }) => id === 'service:vm:103')?.status, 'vm:103 (pve1, queued)');
    const kept = await ask('DELETE /nodes/pve1/qemu/103');
    assert.equal(kept.reason, 'unable to remove VM 103 - used in HA resources and purge parameter not set.');
    await done(await ask('DELETE /nodes/pve1/qemu/103', { purge: 1 }));
    assert.equal((await ask('GET /cluster/ha/resources/vm:103')).reason, "no such resource 'vm:103'");
  });

  it('answers for a dead node with 595, and keeps what that node said last', async () => {
    await done(await client.ask('pve3', 'POST /nodes/pve3/qemu', { vmid: 110, memory: 64 }, token('rec')));
    await done(await client.ask('pve3', 'POST /nodes/pve3/qemu/110/status/start', {}, token('rec')));
    await client.until(async () => {
      const rows = (await ask('GET /cluster/resources', { type: 'vm' })).data as { vmid: number; status: string }[];
      return rows.some(({ vmid, status }) => vmid === 110 && status === 'running');
    });
    await cluster.kill('pve3');
    const answer = await ask('GET /nodes/pve3/status');
    assert.deepEqual(
      [answer.status, answer.reason, answer.type, answer.body],
      [595, 'Connection refused', undefined, ''],
    );
    const rows = (await ask('GET /cluster/resources')).data as Record<string, unknown>[];
    const row = (id: string) => rows.find((each) => each.id === id);
    assert.deepEqual([row('qemu/110')?.status, row('node/pve3')?.status], ['running', 'offline']);
    assert.equal('uptime' in row('node/pve3')!, false);
    const unknown = await ask('GET /nodes/pve9/status');
    assert.match(unknown.reason, /^hostname lookup 'pve9' failed - failed to get address info for: pve9: /);
  });

  it('reads without a majority, and refuses changes as Proxmox VE does', async () => {
    cluster.cut('pve2');
    const far = (what: string, params?: Record<string, unknown>) => client.ask('pve2', what, params, token('rec'));
    const quorate = (await far('GET /cluster/ha/status/manager_status')).data as { quorum: object };
    assert.deepEqual(quorate.quorum, { node: 'pve2', quorate: '' });
    assert.equal(
      (await far('POST /nodes/pve2/qemu', { vmid: 700, memory: 64 })).reason,
      'cluster not ready - no quorum?',
    );
    const began = performance.now();
    const options = await far('PUT /cluster/options', { description: 'x' });
    assert.equal(options.reason, "cfs-lock 'file-datacenter_cfg' error: no quorum!");
    assert.ok(performance.now() - began >= 9500);
    cluster.heal('pve2');
  });

  it('is shut down guests outside HA first: a task of root, and what does not listen is ended', async () => {
    const files = cluster.files.view(() => true);
    const { hypervisor } = cluster.parts('pve2');
    for (const [vmid, name] of [
      [601, 'under-ha'],
      [602, 'deaf'],
      [603, 'listens'],
      [604, 'ignored'],
    ] as const) {
      await files.write(`nodes/pve2/qemu-server/${vmid}.conf`, `name: ${name}\nmemory: 16\n`);
      await hypervisor.start(vmid, { name }, () => {});
    }
    const resource = (vmid: number, state: string) => `vm: ${vmid}\n\tstate ${state}\n\n`;
    const before = await files.read('ha/resources.cfg');
    await files.write('ha/resources.cfg', `${before ?? ''}${resource(601, 'started')}${resource(604, 'ignored')}`);
    const { shutdown } = hypervisor;
    const looked = Promise.withResolvers<void>();
    const deaf = mock.method(hypervisor, 'shutdown', async (vmid: number, timeout: number) => {
      assert.equal(timeout, 180);
      if (vmid !== 602) return shutdown.call(hypervisor, vmid, timeout, () => {});
      await looked.promise;
      throw new Error('VM quit/powerdown failed - got timeout');
    });
    const stopping = cluster.api('pve2').stopAll();
    const tasks = async (source: string) =>
      ((await ask('GET /nodes/pve2/tasks', { source, typefilter: 'stopall' })).data as Record<string, string>[]).map(
        ({ type, user, status }) => ({ type, user, status }),
      );
    const active = await poll(
      () => tasks('active'),
      ({ length }) => length > 0,
      { timeout: 10_000, every: 20 },
    );
    assert.deepEqual(active, [{ type: 'stopall', user: 'root@pam', status: undefined }]);
    looked.resolve();
    await stopping;
    assert.deepEqual(await tasks('active'), []);
    assert.deepEqual(await tasks('archive'), [{ type: 'stopall', user: 'root@pam', status: 'OK' }]);
    assert.deepEqual(hypervisor.running(), [601]);
    deaf.mock.restore();
    await hypervisor.stop(601, () => {});
    await files.write('nodes/pve2/qemu-server/601.conf', 'name: ha\nmemory: 16\nonboot: 1\n');
    await files.write('nodes/pve2/qemu-server/603.conf', 'name: own\nmemory: 16\nonboot: 1\n');
    await cluster.api('pve2').startAll();
    assert.deepEqual(hypervisor.running(), [603], 'of those with onboot the one that is not HA’s');
    await hypervisor.stop(603, () => {});
    for (const vmid of [601, 602, 603, 604]) await files.remove(`nodes/pve2/qemu-server/${vmid}.conf`);
    await (before === undefined ? files.remove('ha/resources.cfg') : files.write('ha/resources.cfg', before));
  });
});
