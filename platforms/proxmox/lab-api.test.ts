/** The driver against the lab's real API server, on nodes whose guests are memory: what it makes, changes, takes back and refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { addToken } from '../../lab/proxmox/api/access-files.ts';
import { memoryClusterFile } from '../../tests/proxmox/cluster.ts';
import { MemoryCluster, TOKEN_SECRET } from '../../tests/proxmox/memory-cluster.ts';
import { Authority } from '../../tests/proxmox/server.ts';
import { PermanentError } from '../../units/operator-error.ts';
import { thisOwner } from '../owner.ts';
import type { Json, Platform } from '../platform.ts';
import { Api } from './api/api.ts';
import { finished } from './api/tasks.ts';
import type { ProxmoxCluster } from './cluster.ts';
import { openProxmox } from './proxmox.ts';

/** Guests of memory have an agent where their tags say so. */
const NAMESPACE = 'brownout-agent-1';
const RUN = '20260101-000000-abcd';
const labels = { 'brownout.run': RUN };

describe("the driver on the lab's API", { timeout: 240_000 }, () => {
  const authority = new Authority();
  const folder = mkdtempSync(join(tmpdir(), 'brownout-guest-files-'));
  let nodes: MemoryCluster;
  let cluster: ProxmoxCluster;
  let api: Api;
  let platform: Platform;

  const clusterFile = (more: Partial<ProxmoxCluster> = {}) =>
    memoryClusterFile(
      { endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name)), trust: { ca: authority.file } },
      more,
    );

  const act = (verb: string, args: Record<string, Json>, on = platform, run: string | undefined = RUN) =>
    on.perform({ verb, args }, run);
  const manifest = (guests: object) => JSON.stringify({ guests });
  const web = {
    count: 2,
    memory: 128,
    files: { from: folder, to: '/web' },
    parts: { web: { start: ['/web/start'], restart: 1 } },
  };
  const store = { memory: 128, parts: { queue: { start: ['true'] }, worker: { start: ['true'] } } };
  const config = (node: string, vmid: number) => api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });

  before(async () => {
    process.env.BROWNOUT_TEST_PVE = TOKEN_SECRET;
    writeFileSync(join(folder, 'start'), '#!/bin/sh\n');
    nodes = await MemoryCluster.start(authority);
    cluster = clusterFile();
    api = new Api(cluster.reach);
    await finished(
      api,
      await api.post('/nodes/{node}/qemu', {
        node: 'pve1',
        vmid: 100,
        name: 'template',
        memory: '128',
        agent: '1',
        scsi0: 'shared:1',
        net0: 'virtio,bridge=vmbr0',
      }),
      { timeout: 10_000 },
    );
    // What makes a guest a template is no call of the driver's.
    const files = nodes.files.view(() => true);
    await files.update('nodes/pve1/qemu-server/100.conf', (text) => `${text}template: 1\n`);
    platform = await openProxmox(cluster);
  });
  after(async () => {
    await platform.close();
    api.close();
    await nodes.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  it('is locked by one run at a time', async () => {
    const other = { run: 'other', owner: 'elsewhere 1 1' };
    assert.deepEqual(await act('lock.take', { run: RUN, owner: thisOwner() }), { held: true });
    assert.equal(await platform.lockHolder(), RUN);
    const refused = (await act('lock.take', other)) as { held: boolean; holder: string };
    assert.equal(refused.held, false);
    assert.match(refused.holder, new RegExp(`^run ${RUN} of `));
    assert.deepEqual(await act('lock.renew', { run: RUN, owner: thisOwner() }), { held: true });
    assert.equal(((await act('lock.renew', other)) as { held: boolean }).held, false);
    await act('lock.release', { run: 'other' });
    assert.equal(await platform.lockHolder(), RUN);
    await act('lock.release', { run: RUN });
    await act('lock.release', { run: RUN });
    assert.equal(await platform.lockHolder(), undefined);
  });

  it('of many who take the lock at once one has it at most, and a stale one is taken over', async () => {
    const runs = Array.from({ length: 6 }, (_, index) => `r${index}`);
    const answers = await Promise.all(runs.map((run) => act('lock.take', { run, owner: thisOwner() })));
    const held = answers.filter((answer) => (answer as { held: boolean }).held);
    assert.ok(held.length <= 1, `${held.length} hold it`);
    for (const run of runs) await act('lock.release', { run });
    await api.post('/pools', { poolid: 'brownout-lock-dead', comment: '1000 elsewhere 1 1' });
    assert.equal(await platform.lockHolder(), undefined, 'of long ago');
    assert.deepEqual(await act('lock.take', { run: RUN, owner: thisOwner() }), { held: true });
    assert.deepEqual(
      (await api.get('/pools')).map(({ poolid }) => poolid),
      [`brownout-lock-${RUN}`],
    );
    await act('lock.release', { run: RUN });
  });

  it('makes guests that carry the run, spread and addressed as the file says; removes them and nothing else', async () => {
    const before = await platform.snapshot();
    const args = { namespace: NAMESPACE, manifest: manifest({ web, store }), labels };
    await act('deploy', args);
    const members = await platform.members(NAMESPACE);
    assert.deepEqual(members.map(({ service, state, ready }) => [service, state, ready]).sort(), [
      ['queue', 'running', true],
      ['web', 'running', true],
      ['web', 'running', true],
      ['worker', 'running', true],
    ]);
    const webs = members.filter(({ service }) => service === 'web');
    assert.equal(new Set(webs.map(({ node }) => node)).size, 2, 'on two nodes');
    const made = await config(webs[0]!.node, 101);
    assert.match(made.ipconfig0!, /^ip=10\.0\.0\.1\/24$/);
    assert.equal(made.onboot, '1', 'it is no HA resource');
    assert.deepEqual(made.tags!.split(';').sort(), ['brownout', NAMESPACE, `run.${RUN}`, 'service.web'].sort());
    assert.equal((await platform.leftovers()).length, 1);
    assert.deepEqual((await platform.leftovers())[0]!.remove, { verb: 'remove', args: { namespace: NAMESPACE } });
    assert.equal((await platform.exec(webs[0]!, ['echo', 'hello'])).stdout, 'hello\n');

    await assert.rejects(
      act('remove', { namespace: NAMESPACE }, platform, 'another'),
      /does not carry the mark of run another/,
    );
    assert.equal((await platform.members(NAMESPACE)).length, 4);
    await act('remove', { namespace: NAMESPACE });
    await act('remove', { namespace: NAMESPACE });
    assert.deepEqual(await platform.snapshot(), before);
    assert.deepEqual(await platform.leftovers(), []);
  });

  it('pauses, cuts, throttles and moves a guest, and takes each back', async () => {
    await act('deploy', { namespace: NAMESPACE, manifest: manifest({ store }), labels });
    const [member] = await platform.members(NAMESPACE, 'queue');
    const { id, node } = member!;
    const args = { namespace: NAMESPACE, node, member: id };
    const was = await config(node, 101);

    await act('member.pause', args);
    await act('member.pause', args);
    assert.equal(await platform.condition(member!), 'frozen');
    await act('member.unpause', args);
    await act('member.unpause', args);
    assert.equal(await platform.condition(member!), 'running');

    await act('member.link', { ...args, state: 'down' });
    assert.match((await config(node, 101)).net0!, /link_down=1/);
    await act('member.link', { ...args, state: 'up' });
    assert.equal((await config(node, 101)).net0, was.net0);

    await act('member.disk', { ...args, iops: '20' });
    assert.match((await config(node, 101)).scsi0!, /iops_rd=20/);
    await act('member.disk', args);
    assert.deepEqual((await config(node, 101)).scsi0!.split(',').sort(), was.scsi0!.split(',').sort());
    // QEMU takes no limit of all beside one of reading or writing.
    await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid: 101, scsi0: `${was.scsi0},iops=500` });
    await assert.rejects(act('member.disk', { ...args, iops: '20' }), /has a setting of its own on its disk.*iops=500/);
    await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid: 101, scsi0: was.scsi0! });

    const target = ['pve1', 'pve2', 'pve3'].find((name) => name !== node)!;
    await act('member.migrate', { ...args, target });
    for (let tries = 0; (await platform.condition(member!)) !== 'gone'; tries += 1) {
      assert.ok(tries < 100, 'it has not moved');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const [moved] = await platform.members(NAMESPACE, 'queue');
    assert.equal(moved!.node, target);
    assert.notEqual(moved!.id, id, 'another life');
    await assert.rejects(act('member.migrate', { ...args, target: 'pve9' }), /cannot move to pve9/);
    await assert.rejects(
      act('member.pause', { ...args, namespace: 'brownout-other' }),
      /is not in brownout-other; it is left alone/,
    );
    await act('remove', { namespace: NAMESPACE });
  });

  it('takes its marks off all guests, though one of them cannot be given back', async () => {
    const guest = async (vmid: number, more: object) =>
      finished(
        api,
        await api.post('/nodes/{node}/qemu', { node: 'pve1', vmid, name: `theirs-${vmid}`, memory: '128', ...more }),
        {
          timeout: 10_000,
        },
      );
    const marks = `brownout;${NAMESPACE};run.${RUN};mine`;
    await guest(108, { tags: `${marks};service.a;held.link` });
    await guest(109, { tags: `${marks};service.b`, net0: 'virtio,bridge=vmbr0' });
    await assert.rejects(act('remove', { namespace: NAMESPACE }), (error) => {
      assert.ok(error instanceof PermanentError, 'another try would not change it');
      return /not wholly given back: guest 108 on pve1 has no card net0/.test(error.message);
    });
    assert.equal((await config('pve1', 109)).tags, 'mine');
    assert.match((await config('pve1', 108)).tags!, /held\.link/);
    for (const vmid of [108, 109]) {
      await finished(api, await api.delete('/nodes/{node}/qemu/{vmid}', { node: 'pve1', vmid }), { timeout: 10_000 });
    }
  });

  it('revives a guest whose kernel has panicked, however soon after, and no other', async () => {
    const resets = async (node: string) => {
      const { data } = await api.get('/nodes/{node}/tasks', { node, vmid: 101, source: 'all' });
      return data.filter(({ type }) => type === 'qmreset').length;
    };
    for (const namespace of [NAMESPACE, 'brownout-agent-pvpanic']) {
      await act('deploy', { namespace, manifest: manifest({ store }), labels });
      const [member] = await platform.members(namespace, 'queue');
      const { id, node } = member!;
      const args = { namespace, node, member: id };
      const { hypervisor } = nodes.parts(node);
      const before = await resets(node);
      await act('member.crash', args);
      // In this moment it still answers.
      await act('member.revive', args);
      assert.equal(await resets(node), before + 1, namespace);
      assert.equal(await platform.condition(member!), 'running');
      assert.equal((await platform.exec(member!, ['echo', 'hello'])).stdout, 'hello\n');
      await act('member.revive', args);
      assert.equal(await resets(node), before + 1, 'it answers');

      await act('member.pause', args);
      await act('member.revive', args);
      assert.equal(await resets(node), before + 1, 'it was paused, which is not for this to undo');

      // HA starts it again, and its agent is not up yet.
      await hypervisor.stop(101, () => {});
      await act('member.revive', args);
      await hypervisor.start(101, {}, () => {});
      await act('member.revive', args);
      assert.equal(await resets(node), before + 1, 'another life, which is just booting');
      await act('remove', { namespace });
    }
  });

  it('refuses before anything is made, and says what to do', async () => {
    const before = await platform.snapshot();
    const refused = async (more: Partial<ProxmoxCluster>, words: RegExp, hint: RegExp, guests: object = { store }) => {
      const other = await openProxmox(clusterFile(more));
      try {
        const error = await act('deploy', { namespace: NAMESPACE, manifest: manifest(guests), labels }, other).then(
          () => assert.fail(`not refused: ${words}`),
          (error: Error & { hint?: string }) => error,
        );
        assert.match(error.message, words);
        assert.match(error.hint ?? '', hint);
      } finally {
        await other.close();
      }
    };
    await refused({ from: undefined }, /does not say where guests come from/, /template/);
    await refused({ from: { template: 999 } }, /there is no guest 999 to clone/, /VM\.Clone on \/vms\/999/);
    await refused({ storage: 'nowhere' }, /there is no storage nowhere/, /there is: .*shared/);
    await refused(
      { vmids: { first: 100, last: 100 } },
      /1 guests need a number each, and of 100 to 100 only 0 are free/,
      /widen `vmids`/,
    );
    await refused({ addresses: { all: [], prefix: 24 } }, /need an address each, and 0 are free/, /widen `addresses`/);
    await refused(
      { allow: { nodes: ['pve9'], namespaces: ['*'] } },
      /there is no node for brownout-agent-1-store-1/,
      /allowed: none/,
    );
    await refused({}, /there is no node for brownout-agent-1-web-4/, /one for each of 4/, {
      web: { ...web, count: 4, apart: true },
    });
    await refused({}, /the files of a guest cannot be read: \/nowhere/, /^$/, {
      web: { ...web, files: { from: '/nowhere', to: '/w' } },
    });
    await refused(
      { from: { guests: { queue: [555], worker: [555] } } },
      /there is no guest 555/,
      /VM\.Audit on \/vms\/555/,
    );
    const secret = clusterFile().reach;
    await refused(
      { reach: { ...secret, login: { token: 'root@pam!gone', secret: 'env:BROWNOUT_TEST_PVE' } } },
      /401/,
      /its secret and its expiry/,
    );
    await refused(
      { reach: { ...secret, trust: { fingerprints: [`${'AB:'.repeat(31)}AB`] } } },
      /shows a certificate with the fingerprint/,
      /Nothing was sent/,
    );
    assert.deepEqual(await platform.snapshot(), before);
  });

  it('a template without an agent, or one that is none, is told by its node', async () => {
    const files = nodes.files.view(() => true);
    const path = 'nodes/pve1/qemu-server/100.conf';
    const good = nodes.files.contents.get(path)!;
    await files.write(path, good.replace('agent: 1\n', ''));
    const deploying = () => act('deploy', { namespace: NAMESPACE, manifest: manifest({ store }), labels });
    await assert.rejects(deploying(), /template 100 \(.*\) on pve1 has no guest agent configured/);
    await files.write(path, good);
  });

  it('marks guests that are there already, and gives them back as they were', async () => {
    await act(
      'deploy',
      { namespace: 'brownout-agent-base', manifest: manifest({ store }), labels: { 'brownout.run': 'base' } },
      platform,
      'base',
    );
    const own = await platform.members('brownout-agent-base', 'queue');
    const { node } = own[0]!;
    await api.put('/nodes/{node}/qemu/{vmid}/config', {
      node,
      vmid: 101,
      tags: 'agent;mine',
      description: 'of somebody',
    });
    const other = await openProxmox(clusterFile({ from: { guests: { queue: [101], worker: [101] } } }));
    await act('deploy', { namespace: NAMESPACE, manifest: manifest({ store }), labels }, other);
    assert.deepEqual((await other.members(NAMESPACE)).map(({ service }) => service).sort(), ['queue', 'worker']);
    await act('remove', { namespace: NAMESPACE }, other);
    assert.deepEqual((await config(node, 101)).tags!.split(';').sort(), ['agent', 'mine']);
    await other.close();
    await finished(api, await api.post('/nodes/{node}/qemu/{vmid}/status/stop', { node, vmid: 101 }), {
      timeout: 10_000,
    });
    await finished(api, await api.delete('/nodes/{node}/qemu/{vmid}', { node, vmid: 101 }), { timeout: 10_000 });
  });

  it('asks for the least rights, and an account with the printed ones has them', async () => {
    const files = nodes.files.view(() => true);
    const { rightsCommands } = await import('./verbs/rights.ts');
    const names = ['deploy', 'remove', 'lock.take', 'member.pause'];
    const text = rightsCommands(names);
    const { addRole, addEntry } = await import('../../lab/proxmox/api/access-files.ts');
    await files.update('user.cfg', (users = '') => `${users}user:brownout@pve:1:0:::::\n`);
    await addToken(files, 'brownout@pve!suite', TOKEN_SECRET, false);
    for (const [, role, privileges] of text.matchAll(/role add (\S+) --privs '(.*)'/g))
      await addRole(files, role!, privileges!.split(','));
    for (const [, path, role] of text.matchAll(/acl modify (\S+) --roles (\S+) /g))
      await addEntry(files, { path: path!, who: 'brownout@pve', role: role!, propagate: true });
    const reach = { ...cluster.reach, login: { token: 'brownout@pve!suite', secret: 'env:BROWNOUT_TEST_PVE' } };
    const least = await openProxmox(clusterFile({ reach }));
    assert.deepEqual(
      (await least.rights!(names)).filter(({ granted }) => !granted),
      [],
    );
    assert.deepEqual(
      (await least.rights!(['node.shutdown']))
        .filter(({ granted }) => !granted)
        .map(({ verb, resource }) => `${verb} ${resource}`),
      ['Sys.PowerMgmt /nodes'],
    );
    await act('lock.take', { run: RUN, owner: thisOwner() }, least);
    await act('deploy', { namespace: NAMESPACE, manifest: manifest({ store }), labels }, least);
    const [member] = await least.members(NAMESPACE, 'queue');
    await act('member.pause', { namespace: NAMESPACE, node: member!.node, member: member!.id }, least);
    await act('remove', { namespace: NAMESPACE }, least);
    await act('lock.release', { run: RUN }, least);
    assert.deepEqual(await least.leftovers(), []);
    await least.close();
  });

  describe('the last word of a node', () => {
    const files = () => nodes.files.view(() => true);
    const service = (state: string, node = 'pve2') => ({ node, state, uid: 'x' });
    const says = async (mode: string, manager: { maintenance?: boolean; services?: Record<string, object> } = {}) => {
      const { maintenance, services = {} } = manager;
      const status = { state: 'active', mode, results: {}, timestamp: 1000 };
      await files().write('nodes/pve2/lrm_status', JSON.stringify(status));
      await files().write(
        'ha/manager_status',
        JSON.stringify({
          node_status: { pve2: 'online' },
          service_status: services,
          ...(maintenance === undefined ? {} : { node_request: { pve2: { maintenance } } }),
        }),
      );
      return platform.lastWord!('pve2');
    };
    const goesOn = { isGoing: false, told: 1000 };
    const ends = { isGoing: true, told: 1000 };
    after(async () => {
      await files().remove('nodes/pve2/lrm_status');
      await files().remove('ha/manager_status');
    });

    it("is its LRM's", async () => {
      assert.deepEqual(await says('active'), goesOn);
      for (const mode of ['shutdown', 'restart', 'maintenance']) assert.deepEqual(await says(mode), ends, mode);
      assert.equal(await platform.lastWord!('pve3'), undefined, 'it says nothing');
    });

    it('is that it ends while it shuts down what is not under HA: its LRM has not been told yet', async () => {
      const { hypervisor } = nodes.parts('pve2');
      await files().write('nodes/pve2/qemu-server/199.conf', 'name: slow\nmemory: 16\n');
      await hypervisor.start(199, { name: 'slow' }, () => {});
      const shutDown = Promise.withResolvers<void>();
      const slow = mock.method(hypervisor, 'shutdown', async (vmid: number) => {
        await shutDown.promise;
        await hypervisor.stop(vmid, () => {});
      });
      const stopping = nodes.api('pve2').stopAll();
      assert.deepEqual(await says('active'), ends);
      shutDown.resolve();
      await stopping;
      assert.deepEqual(await says('active'), goesOn);
      slow.mock.restore();
      await files().remove('nodes/pve2/qemu-server/199.conf');
    });

    it('is that it goes on where somebody has put it into maintenance, and all has left it', async () => {
      const away = { 'vm:101': service('started', 'pve1'), 'vm:102': service('stopped') };
      assert.deepEqual(await says('maintenance', { maintenance: true, services: away }), goesOn);
      assert.deepEqual(await says('maintenance', { maintenance: false, services: away }), ends);
      // A shutdown in the middle of it would be told with the same word.
      const leaving = { 'vm:101': service('migrate') };
      assert.deepEqual(await says('maintenance', { maintenance: true, services: leaving }), ends);
    });

    it('is none where its tasks cannot be asked for', async () => {
      await says('active');
      await nodes.kill('pve2');
      assert.equal(await platform.lastWord!('pve2'), undefined);
      await nodes.revive('pve2');
    });
  });
});
