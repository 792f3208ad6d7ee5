/** Every fault on a real Kubernetes (the lab's), as an account with the rights that the suite asks for and no others. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence } from '../../faults/fault.ts';
import { faults } from '../../faults/index.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { createPlatform, verbsOf } from '../../platforms/index.ts';
import type { Member, Platform, Target } from '../../platforms/platform.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { deployAct, labCluster, restricted, SERVICES, WHOLE_TIMEOUT } from '../labs/kubernetes.ts';
import { type Lived, live, type RecordingWorld } from '../labs/life.ts';
import { actingWorld } from '../labs/swarm.ts';
import { until } from '../until.ts';

const RUN = 'test-faults';
const NAMESPACE = 'brownout-test-faults';
const SETTLE = 45_000;

describe('faults on Kubernetes', { timeout: 1_800_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-kubernetes-faults-'));
  let account: Awaited<ReturnType<typeof restricted>>;
  let cluster: Cluster;
  let platform: Platform;
  let healthy: Record<string, string>;

  const whole = () => platform.untilReady({ namespace: NAMESPACE, services: SERVICES }, WHOLE_TIMEOUT);
  const world = (): Promise<RecordingWorld> => actingWorld(platform, cluster, { namespace: NAMESPACE, run: RUN });
  const asBefore = async () => {
    await whole();
    assert.deepEqual(await settledDifferences(platform, healthy, SETTLE), []);
  };
  const through = async (
    name: string,
    options: object,
    during?: (targets: Target[], evidence: Evidence) => Promise<void>,
  ): Promise<Lived> => {
    const lived = await live(await world(), name, options, during);
    await asBefore();
    return lived;
  };
  const passes = async (...life: Parameters<typeof through>): Promise<void> => void (await through(...life));
  const memberOf = async (service: string): Promise<Member> => {
    const member = (await platform.members(NAMESPACE, service)).find(({ ready }) => ready);
    assert.ok(member, `${service} has a ready member`);
    return member;
  };
  const ids = async (service: string) => (await platform.members(NAMESPACE, service)).map(({ id }) => id).sort();
  const on = (service: string) => ({ running: service });

  before(async () => {
    account = await restricted(await labCluster(), await verbsOf('kubernetes'), folder);
    cluster = account.cluster;
    platform = await createPlatform(cluster);
    for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove);
    const act = deployAct(NAMESPACE, RUN);
    // Who asks for nothing is not preempted for it.
    const manifest = String(act.args.manifest).replaceAll(
      'image: brownout/tools:lab',
      'image: brownout/tools:lab\n          resources: { requests: { cpu: 100m, memory: 32Mi } }',
    );
    await platform.perform({ ...act, args: { ...act.args, manifest } });
    await whole();
    // The namespace of node agents on its members is made by the first of them, and stays as long as the workload.
    const front = await memberOf('front');
    const args = { namespace: NAMESPACE, node: front.node, member: front.id };
    for (const verb of ['member.pause', 'member.unpause']) await platform.perform({ verb, args });
    await until('no node agent is left', async () => {
      healthy = await platform.snapshot();
      return !Object.keys(healthy).some((name) => name.includes('-agents/'));
    });
  });

  after(async () => {
    if (platform) {
      for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove);
      await platform.close();
    }
    await account?.remove();
    rmSync(folder, { recursive: true });
  });

  it('member-kill: the process of a container', async () => {
    const before = await ids('front');
    await through('member-kill', { member: { service: 'front' } });
    assert.notDeepEqual(await ids('front'), before);
  });

  it('member-kill: a pod, without waiting for it', () =>
    passes('member-kill', { member: { service: 'front' }, grace: '0s' }));

  it('member-pause', () =>
    passes('member-pause', { member: { service: 'front', share: '100%' }, hold: '1s' }, async (targets) => {
      assert.equal(targets.length, 2);
    }));

  it('pod-eviction: what the budget allows', async () => {
    const { there } = await through('pod-eviction', { member: { service: 'front' }, expect: 'evicted' });
    assert.equal(there.claim?.met, true);
  });

  it('pod-eviction: the budget says no, and is named', async () => {
    const { there } = await through('pod-eviction', { member: { service: 'front', count: 2 }, expect: 'blocked' });
    assert.match(there.claim!.observed, /^1 granted, blocked by keep-one: /);
    assert.equal(there.claim!.met, true);
    assert.match(there.text, /stays: blocked by budget keep-one/);
  });

  it('pod-eviction: what is blocked is granted once a replacement is ready', async () => {
    const { there } = await through('pod-eviction', { member: { service: 'front', count: 2 }, expect: 'evicted' });
    assert.equal(there.claim?.met, true);
    assert.match(there.text, /\(\d+ attempts\)/);
  });

  it('pod-eviction: an expectation that is not met is told', async () => {
    const { there } = await through('pod-eviction', { member: { service: 'front' }, expect: 'blocked' });
    assert.equal(there.claim?.met, false);
  });

  it('node-drain', () => passes('node-drain', { node: on('front'), hold: '1s' }));

  it('node-taint: no budget is asked', async () => {
    await through('node-taint', { node: on('front'), hold: '1s' }, async ([target]) => {
      assert.equal(target?.kind, 'node');
      const [left] = await platform.leftovers(RUN);
      assert.deepEqual(left?.remove, { verb: 'node.untaint', args: { node: target.node } });
    });
  });

  it('scale: to more, to none, and back', async () => {
    await through('scale', { service: 'front', to: 3, hold: '1s' });
    await through('scale', { service: 'front', to: 0, hold: '1s' });
    const now = await platform.members(NAMESPACE, 'front');
    assert.equal(now.filter(({ state }) => state !== 'stopping').length, 2);
  });

  it('rollout: a good version', () => passes('rollout', { service: 'front', hold: '1s' }));

  for (const kind of ['bad-image', 'failing-probe']) {
    it(`rollout: ${kind} is not taken back by Kubernetes`, async () => {
      const before = await ids('front');
      const { over } = await through(
        'rollout',
        { service: 'front', kind, expect: 'rolled-back', hold: '1s' },
        async () => {
          await sleep(3000);
          const now = await platform.members(NAMESPACE, 'front');
          assert.equal(now.filter(({ ready, id }) => ready && before.includes(id)).length, 2, 'the old ones serve on');
        },
      );
      assert.equal(over.claim?.met, false);
      assert.match(over.text, /did not roll back/);
      assert.deepEqual(await ids('front'), before);
    });
  }

  it('preemption: a higher priority takes the room', () => passes('preemption', { node: on('front'), hold: '1s' }));

  it('preemption: a quota refuses the priority', async () => {
    const before = await ids('front');
    const { there } = await through('preemption', { node: on('front'), quota: true, hold: '1s' });
    assert.match(there.text, /exceeded quota/);
    assert.deepEqual(await ids('front'), before);
  });

  for (const [kind, limits] of [
    ['cpu', false],
    ['cpu', true],
    ['memory', true],
    ['pids', false],
    ['disk', false],
    ['disk', true],
    ['flood', false],
    ['flood', true],
    ['quota', false],
    ['quota', true],
    ['deny', false],
    ['deny', true],
  ] as const) {
    it(`namespace-dos ${kind}${limits ? ' with its remedy' : ''}`, () =>
      passes('namespace-dos', { node: on('front'), kind, limits, service: 'front', hold: '1s' }));
  }

  it('namespace-dos quota: who goes is not replaced', async () => {
    const lived = await live(
      await world(),
      'namespace-dos',
      { node: on('front'), kind: 'quota', hold: '1s' },
      async () => {
        const gone = await memberOf('front');
        await platform.perform({ verb: 'member.delete', args: { namespace: NAMESPACE, member: gone.id, grace: '0' } });
        await sleep(5000);
        assert.equal((await ids('front')).length, 1);
      },
    );
    assert.match(lived.there.text, /exceeded quota/);
    await asBefore();
  });

  it('namespace-dos pids: a limit that Kubernetes does not have is refused', async () => {
    const acting = await world();
    const fault = faults['namespace-dos']!;
    assert.throws(
      () => fault.aim(acting, fault.options.parse({ node: {}, kind: 'pids', limits: true })),
      /no limit on processes/,
    );
  });

  it('dns-stop', () => passes('dns-stop', { hold: '1s' }));

  it('network-loss', () => passes('network-loss', { node: { name: 'w1' }, loss: '30%', hold: '1s' }));

  for (const rate of ['1Ki', '32Ki', '1Mi'])
    it(`network-rate: ${rate}`, () => passes('network-rate', { node: { name: 'w1' }, rate, hold: '1s' }));

  for (const from of [undefined, 'control-plane', 'peers', 'users']) {
    it(`node-partition${from ? ` from ${from}` : ''}`, () =>
      passes('node-partition', {
        node: { name: 'w1' },
        ...(from ? { from } : {}),
        // The control plane takes 40 to 55 s to give a node up.
        hold: from === 'control-plane' ? '75s' : '1s',
      }));
  }

  it('node-pressure: disk', () => passes('node-pressure', { node: on('front'), of: 'disk', hold: '1s' }));

  it('node-pressure: memory', () => passes('node-pressure', { node: on('front'), of: 'memory', hold: '1s' }));

  it('runtime-stop', () => passes('runtime-stop', { node: on('front'), hold: '30s' }));

  it('kubelet-stop: healed before its time', () => passes('kubelet-stop', { node: on('front'), hold: '120s' }));

  for (const component of ['scheduler', 'controller-manager', 'apiserver', 'etcd']) {
    for (const how of ['gone', 'frozen']) {
      it(`control-plane-stop: ${component} ${how}`, () =>
        passes('control-plane-stop', { component, how, hold: '15s' }));
    }
  }

  it('node-kill', () => passes('node-kill', { node: { name: 'w1' }, hold: '1s' }));
});
