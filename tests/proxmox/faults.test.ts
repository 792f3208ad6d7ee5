/**
 * Faults of nodes on the lab's Proxmox, with its HA timers four times as fast: chosen, injected, proven from outside, healed, and nothing
 * left of them, whenever they are undone.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { execa } from 'execa';
import { loadCluster } from '../../clusters/load.ts';
import { faults } from '../../faults/index.ts';
import { pathInside } from '../../lab/host.ts';
import { proxmoxLab } from '../../lab/proxmox/layout.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { createPlatform } from '../../platforms/index.ts';
import { NotOffered, type Platform } from '../../platforms/platform.ts';
import { live } from '../labs/life.ts';
import { actingWorld } from '../labs/swarm.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
const RUN = '20260101-000000-f417';
const NAMESPACE = 'brownout-test-faults';
const SERVE = ['sh', '-c', 'mkdir -p /srv/w; echo served >/srv/w/index.html; exec busybox httpd -f -p 80 -h /srv/w'];
const MANIFEST = JSON.stringify({
  guests: { web: { memory: 128, parts: { web: { start: SERVE } }, ha: { failback: false } } },
});
/** The lab gives the first guest this address. */
const GUEST = 'http://10.79.0.101/';

const brownout = (...words: string[]) =>
  execa(process.execPath, [join(root, 'cli/main.ts'), ...words], { stderr: 'inherit', timeout: 300_000 });

/** When the machine was switched on, or has reset itself, the last time; undefined while it is off. */
function bootedAt(node: string): string | undefined {
  try {
    return readFileSync(pathInside(proxmoxLab, node, '/proc/1/stat')!, 'utf8').split(' ')[21];
  } catch {
    return undefined;
  }
}

describe('faults of nodes on Proxmox', { timeout: 900_000 }, () => {
  let cluster: Cluster;
  let platform: Platform;
  let healthy: Record<string, string>;

  const world = () => actingWorld(platform, cluster, { namespace: NAMESPACE, run: RUN });
  const guest = async () => (await platform.members(NAMESPACE))[0]!;
  const isServed = () =>
    fetch(GUEST, { signal: AbortSignal.timeout(3000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  const isThere = async (node: string) =>
    (await platform.inspect()).nodes.some(({ name, ready }) => name === node && ready);

  /** But for where the guest is: HA does not move it back. */
  async function asBefore(): Promise<void> {
    await until('the guest serves', isServed, 120_000);
    const withoutGuest = async () => {
      const { 'guest 101': _, ...others } = await platform.snapshot();
      return others;
    };
    const { 'guest 101': _, ...before } = healthy;
    await until('the nodes are as before', async () => isDeepStrictEqual(await withoutGuest(), before), 60_000);
  }

  before(async () => {
    await brownout('lab', 'up', 'proxmox', '--time-scale', '4');
    cluster = await loadCluster(join(root, 'clusters/lab-proxmox.yaml'));
    platform = await createPlatform(cluster);
    const labels = { 'brownout.run': RUN };
    await platform.perform({ verb: 'deploy', args: { namespace: NAMESPACE, manifest: MANIFEST, labels } }, RUN);
    await until('the guest serves', isServed, 60_000);
    healthy = await platform.snapshot();
  });

  after(async () => {
    if (platform) {
      for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove, RUN);
      await platform.close();
    }
    await brownout('lab', 'down', 'proxmox');
  });

  it('node-partition: users reach its guests until it resets itself, and it is healed while it boots', async () => {
    const { node } = await guest();
    const boot = bootedAt(node);
    const fault = faults['node-partition']!;
    const options = fault.options.parse({ node: { name: node }, hold: '60s' });
    const acting = await world();
    const injection = await fault.inject(acting, fault.aim(acting, options), options);
    try {
      // Before it resets itself, which with hurried timers is a matter of seconds.
      const passesBy = async () => (await isServed()) && !(await platform.answers(node)) && bootedAt(node) === boot;
      const [there] = await Promise.all([
        injection.confirm(30_000),
        until('the guest serves while its node is cut off', passesBy, 15_000),
      ]);
      assert.ok(there, 'it is proven');
      await until('it resets itself', () => bootedAt(node) !== boot, 60_000);
    } finally {
      await injection.heal();
    }
    assert.ok(await injection.confirmHealed(90_000));
    await asBefore();
  });

  it('node-partition: healed in time, nothing resets itself', async () => {
    const { node } = await guest();
    const boot = bootedAt(node);
    await live(await world(), 'node-partition', { node: { name: node }, hold: '60s' });
    assert.equal(bootedAt(node), boot);
    await asBefore();
  });

  it('what would hit no guest is not offered', async () => {
    const acting = await world();
    const refuses = (name: string, options: object) => {
      const fault = faults[name]!;
      return assert.throws(() => fault.aim(acting, fault.options.parse({ node: {}, ...options })), NotOffered);
    };
    for (const from of ['control-plane', 'peers', 'users']) refuses('node-partition', { from });
    refuses('network-loss', { loss: '10%' });
    refuses('network-rate', { rate: '32Ki' });
  });

  it('node-shutdown: guests leave alive where the policy says so, and the policy is as before', async () => {
    const before = await guest();
    await live(await world(), 'node-shutdown', { node: { name: before.node }, policy: 'migrate' }, async () => {
      assert.notEqual((await guest()).node, before.node);
      await until('it is served', isServed, 30_000);
      assert.match((await platform.snapshot())['HA shutdown policy']!, /migrate/);
      assert.ok((await platform.leftovers(RUN)).some(({ what }) => /shutdown policy/.test(what)));
    });
    await asBefore();
  });

  it('node-shutdown: undone while it is under way, the node is up in the end', async () => {
    const { node } = await guest();
    const boot = bootedAt(node);
    const acting = await world();
    const fault = faults['node-shutdown']!;
    const options = fault.options.parse({ node: { name: node } });
    const injection = await fault.inject(acting, fault.aim(acting, options), options);
    await injection.heal();
    assert.ok(await injection.confirmHealed(90_000));
    assert.notEqual(bootedAt(node), boot, 'it had ended');
    await asBefore();
  });

  it('node-shutdown: what was never asked for is undone at once, and the node goes on', async () => {
    const { node } = await guest();
    const boot = bootedAt(node);
    const acting = await world();
    const done = await acting.act(
      { verb: 'shutdown-policy.set', args: { policy: 'freeze', run: RUN } },
      { verb: 'power.restore', args: { node } },
    );
    await done.undo();
    assert.equal(bootedAt(node), boot);
    assert.ok(await isThere(node));
    const restore = { verb: 'shutdown-policy.restore', args: { run: RUN } };
    await platform.perform({ ...restore, args: { run: 'another' } }, RUN);
    assert.match((await platform.snapshot())['HA shutdown policy']!, /freeze/, "another run's undo leaves it");
    for (let twice = 0; twice < 2; twice += 1) await platform.perform(restore, RUN);
    await asBefore();
  });
});
