/** The role that `plan --rights` prints, on a cluster in memory behind the lab's API server: enough for a whole run, and not too much. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { loadCluster } from '../../clusters/load.ts';
import { addToken } from '../../lab/proxmox/api/access-files.ts';
import { Rights } from '../../lab/proxmox/api/rights.ts';
import { createPlatform, rightsFile, verbsOf } from '../../platforms/index.ts';
import { thisOwner } from '../../platforms/owner.ts';
import type { Json, Platform } from '../../platforms/platform.ts';
import { MemoryCluster, TOKEN_SECRET } from './memory-cluster.ts';
import { Authority } from './server.ts';

const NAMESPACE = 'brownout-agent-1';
const RUN = '20260101-000000-abcd';
const MANIFEST = JSON.stringify({ guests: { web: { memory: 128, parts: { web: { start: ['true'] } } } } });

describe('the least role', { timeout: 240_000 }, () => {
  const authority = new Authority();
  const folder = mkdtempSync(join(tmpdir(), 'brownout-rights-'));
  let nodes: MemoryCluster;
  let verbs: readonly string[];

  /** What the commands of `plan --rights` do, without one privilege at one place. */
  async function grant(less?: { path: string; privilege: string }): Promise<{ path: string; privilege: string }[]> {
    const files = nodes.files.view(() => true);
    const text = (await rightsFile('proxmox', verbs))!;
    const roles = new Map(
      [...text.matchAll(/role add (\S+) --privs '(.*)'/g)].map(([, role, privileges]) => [
        role!,
        privileges!.split(','),
      ]),
    );
    const places = [...text.matchAll(/acl modify (\S+) --roles (\S+) --users brownout@pve/g)].map(([, path, role]) => ({
      path: path!,
      role: role!,
    }));
    const lines = (await files.read('user.cfg'))!
      .split('\n')
      .filter((line) => !/brownout@pve|^role:Brownout/.test(line));
    const isLess = (path: string, name: string) =>
      less?.privilege === name && (less.path === path || less.path === '/');
    for (const { path, role } of places) {
      const privileges = roles.get(role)!.filter((name) => !isLess(path, name));
      lines.push(`role:${role}:${privileges.join(',')}:`, `acl:1:${path}:brownout@pve:${role}:`);
    }
    await files.write('user.cfg', `${['user:brownout@pve:1:0:::::', ...lines].join('\n')}\n`);
    await addToken(files, 'brownout@pve!suite', TOKEN_SECRET, false);
    return places.flatMap(({ path, role }) => roles.get(role)!.map((privilege) => ({ path, privilege })));
  }

  async function open(from: object): Promise<Platform> {
    const cluster = {
      platform: 'proxmox',
      reach: {
        endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name)),
        token: { id: 'brownout@pve!suite', secret: 'file:secret' },
        ca: authority.file,
      },
      allow: { nodes: ['*'], namespaces: ['brownout-*'] },
      entry: {},
      storage: 'shared',
      vmids: '101-110',
      addresses: '10.0.0.1-10.0.0.10/24',
      ...from,
    };
    writeFileSync(join(folder, 'cluster.yaml'), stringify(cluster));
    return createPlatform(await loadCluster(join(folder, 'cluster.yaml')));
  }

  async function life(from: object): Promise<void> {
    const platform = await open(from);
    const act = (verb: string, args: Record<string, Json>) => platform.perform({ verb, args }, RUN);
    try {
      await act('lock.take', { run: RUN, owner: thisOwner() });
      const deployment = { namespace: NAMESPACE, manifest: MANIFEST, labels: { 'brownout.run': RUN } };
      await platform.inspect();
      await platform.mayDeploy!(deployment, []);
      await act('deploy', deployment);
      const [member] = await platform.members(NAMESPACE);
      const of = { namespace: NAMESPACE, node: member!.node, member: member!.id };
      await platform.exec(member!, ['true']);
      for (const verb of [
        'member.pause',
        'member.unpause',
        'member.reset',
        'member.crash',
        'member.revive',
        'member.disk',
        'member.clock',
      ])
        await act(verb, of);
      await act('member.disk', { ...of, iops: '20' });
      await act('member.link', { ...of, state: 'down' });
      for (const verb of ['member.ahead', 'member.settings', 'member.uptime']) await platform.query({ verb, args: of });
      const target = ['pve1', 'pve2', 'pve3'].find((name) => name !== member!.node)!;
      await act('member.migrate', { ...of, target });
      await platform.snapshot();
      await act('lock.renew', { run: RUN, owner: thisOwner() });
      await act('shutdown-policy.set', { policy: 'migrate', run: RUN });
      await act('shutdown-policy.restore', { run: RUN });
      await act('node.shutdown', { node: 'pve3' });
    } finally {
      await act('remove', { namespace: NAMESPACE }).catch(() => {});
      await act('lock.release', { run: RUN }).catch(() => {});
      await platform.close();
    }
  }

  before(async () => {
    nodes = await MemoryCluster.start(authority);
    await nodes.files
      .view(() => true)
      .write(
        'nodes/pve1/qemu-server/100.conf',
        'name: debian\nmemory: 128\nagent: 1\ntemplate: 1\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0\nscsi0: shared:100/vm-100-disk-0.qcow2,size=1G\n',
      );
    writeFileSync(join(folder, 'secret'), TOKEN_SECRET);
    await nodes.parts('pve1').storage.allocate(100, 'qcow2', 2 ** 30);
    verbs = await verbsOf('proxmox');
  });
  after(async () => {
    await nodes.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  it('is enough for a whole run from either source, and each privilege in it is asked for', async () => {
    const role = await grant();
    const asked = new Set<string>();
    const { need } = Rights.prototype;
    Rights.prototype.need = function (caller, path, wanted) {
      if (caller.user === 'brownout@pve') for (const name of wanted.split('|')) asked.add(name);
      return need.call(this, caller, path, wanted);
    };
    try {
      await life({ template: 100 });
      await life({ image: 'shared:import/debian.qcow2' });
    } finally {
      Rights.prototype.need = need;
    }
    // Which pools are listed is decided by what is seen of each, without a refusal.
    const never = role.map(({ privilege }) => privilege).filter((name) => !asked.has(name));
    assert.deepEqual(never, ['Pool.Audit']);
  });

  it('with one privilege less is refused by the check before a run, which names that privilege and its place', async () => {
    for (const less of await grant()) {
      await grant(less);
      const platform = await open({ template: 100 });
      const missing = (await platform.rights!(verbs)).filter(({ granted }) => !granted);
      await platform.close();
      assert.deepEqual(
        missing.filter(({ resource }) => resource === less.path).map(({ verb }) => verb),
        [less.privilege],
        JSON.stringify(less),
      );
    }
  });
});
