/** Guests that are there already, containers among them, used for a run and given back: on a cluster in memory behind the lab's API server. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { loadCluster } from '../../clusters/load.ts';
import { createPlatform } from '../../platforms/index.ts';
import type { Json, Platform, PlatformEvent } from '../../platforms/platform.ts';
import { MemoryCluster, TOKEN_SECRET } from './memory-cluster.ts';
import { Authority } from './server.ts';

const NAMESPACE = 'brownout-agent-1';
const RUN = '20260101-000000-abcd';
const MANIFEST = JSON.stringify({
  guests: {
    web: { count: 2, memory: 128, parts: { web: { start: ['true'] } } },
    db: { memory: 128, parts: { db: { start: ['true'] }, cache: { start: ['true'] } } },
  },
});
const MACHINE =
  'name: web-two\nmemory: 128\nagent: 1\nnet0: virtio=BC:24:11:00:00:05,bridge=vmbr0\nscsi0: shared:105/vm-105-disk-0.qcow2,size=1G\n';
const CONTAINER =
  'arch: amd64\nhostname: web-one\nmemory: 128\nnet0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:04\n';

describe('guests that are there already', { timeout: 240_000 }, () => {
  const authority = new Authority();
  const folder = mkdtempSync(join(tmpdir(), 'brownout-containers-'));
  let nodes: MemoryCluster;
  let platform: Platform;
  const act = (verb: string, args: Record<string, Json>) => platform.perform({ verb, args }, RUN);
  /** Makes a node say at once what it has. */
  const tell = async (node: string) => {
    await nodes.kill(node);
    await nodes.revive(node);
  };
  const tags = () => /^tags: (.*)$/m.exec(file('nodes/pve1/lxc/104.conf'))![1];
  const file = (path: string) => nodes.files.contents.get(path)!;

  before(async () => {
    nodes = await MemoryCluster.start(authority);
    const files = nodes.files.view(() => true);
    // Two web servers, a container and a virtual machine, and a database with its cache in another container.
    await files.write('nodes/pve1/lxc/104.conf', `${CONTAINER}tags: mine;shop\n`);
    await files.write('nodes/pve2/qemu-server/105.conf', MACHINE);
    await files.write('nodes/pve3/lxc/106.conf', CONTAINER.replace('web-one', 'db'));
    await files.write('nodes/pve1/qemu-server/107.conf', 'name: other\nmemory: 128\n');
    await files.write('ha/resources.cfg', 'ct: 104\n\tstate started\n\nvm: 105\n\tstate started\n\n');
    const started = (node: string) => ({ state: 'started', node, uid: 'x' });
    await files.write(
      'ha/manager_status',
      JSON.stringify({
        master_node: 'pve2',
        timestamp: Math.floor(Date.now() / 1000),
        node_status: {},
        service_status: { 'ct:104': started('pve1'), 'vm:105': started('pve2') },
      }),
    );
    for (const [node, vmid] of [
      ['pve1', 104],
      ['pve2', 105],
      ['pve3', 106],
    ] as const)
      await nodes.parts(node).hypervisor.start(vmid, { tags: 'agent' }, () => {});
    for (const node of ['pve1', 'pve2', 'pve3']) await tell(node);
    writeFileSync(join(folder, 'secret'), TOKEN_SECRET);
    const cluster = {
      platform: 'proxmox',
      reach: {
        endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name)),
        token: { id: 'root@pam!rec', secret: 'file:secret' },
        ca: authority.file,
      },
      allow: { nodes: ['*'], namespaces: ['brownout-*'] },
      entry: {},
      guests: { web: [104, 105], db: [106], cache: [106] },
    };
    writeFileSync(join(folder, 'cluster.yaml'), stringify(cluster));
    platform = await createPlatform(await loadCluster(join(folder, 'cluster.yaml')));
  });
  after(async () => {
    await platform.close();
    await nodes.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  it('are looked at beforehand: what a container cannot suffer is refused by its name', async () => {
    const deployment = { namespace: NAMESPACE, manifest: MANIFEST, labels: { 'brownout.run': RUN } };
    const pause = { fault: 'member-pause', needs: ['member.pause', 'member.unpause'] };
    const kill = { fault: 'member-kill', needs: ['member.kill'], services: ['web', 'db'] };
    assert.equal(
      await platform.mayDeploy!(deployment, [kill, { ...pause, services: [] }]),
      'guests 104 on pve1, 105 on pve2, 106 on pve3 are there',
    );
    await assert.rejects(
      platform.mayDeploy!(deployment, [{ ...pause, services: ['web'] }]),
      /^OperatorError: member-pause on container 104 on pve1: it cannot be frozen/,
    );
    const live = { fault: 'migrate', needs: ['member.migrate'], services: ['db'] };
    await assert.rejects(
      platform.mayDeploy!(deployment, [live]),
      /migrate on container 106 on pve3: it cannot move alive; relocate/,
    );
  });

  it('are members while they are marked; a container is told from a virtual machine', async (t) => {
    const before = await platform.snapshot();
    const watching = new AbortController();
    t.after(() => watching.abort());
    const events: PlatformEvent[] = [];
    await act('deploy', { namespace: NAMESPACE, manifest: MANIFEST, labels: { 'brownout.run': RUN } });
    assert.equal(tags(), `mine;shop;brownout;${NAMESPACE};service.web;run.${RUN}`);
    const members = await platform.members(NAMESPACE);
    assert.deepEqual(
      members
        .map(({ id, service, node, state, instance }) => [id.split('/')[0], service, node, state, instance])
        .sort(),
      [
        ['105', 'web', 'pve2', 'running', 'web-two'],
        ['ct:104', 'web', 'pve1', 'running', 'web-one'],
        ['ct:106', 'cache', 'pve3', 'running', 'db'],
        ['ct:106', 'db', 'pve3', 'running', 'db'],
      ],
    );
    const container = members.find(({ id }) => id.startsWith('ct:104'))!;
    const of = { namespace: NAMESPACE, node: container.node, member: container.id };
    assert.equal(await platform.condition(container), 'running');
    const { timers } = await platform.inspect();
    assert.deepEqual(
      timers
        .filter(({ name }) => name.startsWith('ha.none.'))
        .map(({ name }) => name)
        .sort(),
      ['ha.none.cache', 'ha.none.db'],
      'a container under HA is known as ct:104',
    );

    const until = async (kind: PlatformEvent['kind']) => {
      for (let tries = 0; !events.some((event) => event.kind === kind); tries += 1) {
        assert.ok(tries < 200, JSON.stringify(events));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const seen = (async () => {
      for await (const event of platform.watch(NAMESPACE, watching.signal)) events.push(event);
    })();
    for (const verb of ['member.pause', 'member.reset', 'member.crash'])
      await assert.rejects(
        act(verb, of),
        new RegExp(`^OperatorError: ${verb.replace('.', '\\.')} .*container 104 on pve1: it `),
      );
    await assert.rejects(act('member.migrate', { ...of, target: 'pve2' }), /it cannot move alive/);
    await assert.rejects(act('member.clock', { ...of, wrong: '60' }), /no clock of its own/);
    await assert.rejects(act('member.disk', { ...of, iops: '20' }), /its disk takes no limit/);
    await assert.rejects(platform.exec(container, ['true']), /container 104 on pve1: a container has no agent/);
    // What was never done is undone without a word.
    for (const [verb, more] of [
      ['member.unpause', {}],
      ['member.clock', {}],
      ['member.disk', {}],
    ] as const)
      await act(verb, { ...of, ...more });

    const card = /net0: .*/.exec(file('nodes/pve1/lxc/104.conf'))![0];
    await act('member.link', { ...of, state: 'down' });
    assert.match(file('nodes/pve1/lxc/104.conf'), /net0: name=eth0,.*link_down=1/);
    await act('member.link', { ...of, state: 'up' });
    assert.ok(file('nodes/pve1/lxc/104.conf').includes(card));

    await act('member.relocate', { ...of, target: 'pve3' });
    assert.match(file('ha/crm_commands'), /relocate ct:104 pve3/);
    const other = members.find(({ service }) => service === 'db')!;
    await assert.rejects(
      act('member.relocate', { namespace: NAMESPACE, node: other.node, member: other.id, target: 'pve1' }),
      /container 106 is no HA resource/,
    );

    // Its process ends, and another takes its place: another member.
    await nodes.parts('pve1').hypervisor.stop(104, () => {});
    assert.equal(await platform.condition(container), 'gone');
    await until('member-stopped');
    await nodes.parts('pve1').hypervisor.start(104, {}, () => {});
    await tell('pve1');
    const again = (await platform.members(NAMESPACE, 'web')).find(({ node }) => node === 'pve1')!;
    assert.notEqual(again.id, container.id);
    await until('member-started');
    watching.abort();
    await seen;
    const stopped = events.find(({ kind }) => kind === 'member-stopped');
    assert.deepEqual([stopped?.member, stopped?.service], [container.id, 'web']);
    assert.match(events.find(({ kind }) => kind === 'member-started')!.text, /^container 104 .* init runs/);

    assert.deepEqual(
      (await platform.leftovers()).map(({ what, remove }) => [what, remove.verb]),
      [[`guests of ${NAMESPACE} (104, 105, 106)`, 'remove']],
    );
    await act('remove', { namespace: NAMESPACE });
    await act('remove', { namespace: NAMESPACE });
    assert.deepEqual(await platform.snapshot(), before);
    assert.deepEqual(await platform.leftovers(), []);
    assert.equal(tags(), 'mine;shop');
  });

  it('get back what a run laid on them although its journal is lost; what is their own is left to them', async () => {
    const path = 'nodes/pve2/qemu-server/105.conf';
    const before = file(path);
    const deployment = { namespace: NAMESPACE, manifest: MANIFEST, labels: { 'brownout.run': RUN } };
    await act('deploy', deployment);
    const machine = (await platform.members(NAMESPACE, 'web')).find(({ id }) => !id.startsWith('ct:'))!;
    const of = { namespace: NAMESPACE, node: machine.node, member: machine.id };
    await act('member.link', { ...of, state: 'down' });
    await act('member.link', { ...of, state: 'down' });
    await act('member.disk', { ...of, iops: '20' });
    await act('member.clock', { ...of, wrong: '60' });
    assert.match(file(path), /tags: .*held\.link;held\.disk;held\.clock$/m);
    assert.match(file(path), /net0: .*,link_down=1$/m);
    assert.match(file(path), /scsi0: .*,iops_rd=20,iops_wr=20$/m);
    for (const { remove } of await platform.leftovers()) await platform.perform(remove);
    assert.equal(file(path), before);

    const files = nodes.files.view(() => true);
    const own = before.replace('size=1G', 'iops_rd=500,size=1G').replace('bridge=vmbr0', 'bridge=vmbr0,link_down=1');
    await files.write(path, own);
    await act('deploy', deployment);
    await assert.rejects(
      act('member.disk', { ...of, iops: '20' }),
      /guest 105 on pve2 has a setting of its own on its disk: .*iops_rd=500/,
    );
    await assert.rejects(act('member.link', { ...of, state: 'down' }), /a setting of its own on its card/);
    await act('member.disk', of);
    await act('member.link', { ...of, state: 'up' });
    await act('remove', { namespace: NAMESPACE });
    assert.equal(file(path), own);
  });

  it('a node in maintenance is found without a journal', async () => {
    const text = readFileSync(join(folder, 'cluster.yaml'), 'utf8');
    // Nobody listens there: it is noted, and then cannot be done.
    writeFileSync(join(folder, 'shell.yaml'), `${text}ssh: { port: 1 }\n`);
    const shell = await createPlatform(await loadCluster(join(folder, 'shell.yaml')));
    try {
      const drain = { verb: 'node.availability', args: { node: 'pve3', availability: 'drain', run: RUN } };
      await assert.rejects(shell.perform(drain, RUN), /ha-manager on pve\d by ssh/);
      assert.deepEqual(await shell.leftovers('another'), []);
      assert.deepEqual(await shell.leftovers(RUN), [
        {
          what: 'maintenance of node pve3',
          run: RUN,
          remove: { verb: 'node.availability', args: { node: 'pve3', availability: 'active' } },
        },
      ]);
    } finally {
      await shell.close();
    }
  });
});
