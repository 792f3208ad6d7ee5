/** Every fault on a real Swarm (the lab's): chosen, injected, proven from outside, healed, and nothing left of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { faults } from '../../faults/index.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { createPlatform } from '../../platforms/index.ts';
import type { Member, Platform, Target } from '../../platforms/platform.ts';
import { createPower } from '../../platforms/power/index.ts';
import type { Power } from '../../platforms/power/power.ts';
import { runProgram } from '../../processes/program.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import type { OperatorError } from '../../units/operator-error.ts';
import { live } from '../labs/life.ts';
import { actingWorld, deployAct, labCluster, STACK_SERVICES, WHOLE_TIMEOUT } from '../labs/swarm.ts';
import { until } from '../until.ts';

const RUN = 'test-faults';
const NAMESPACE = 'brownout-test-faults';
const CONFIRM = 30_000;
const HEALED = 90_000;

describe('faults on a Swarm', { timeout: 600_000 }, () => {
  let cluster: Cluster;
  let platform: Platform;
  let healthy: Record<string, string>;

  const whole = () => platform.untilReady({ namespace: NAMESPACE, services: STACK_SERVICES }, WHOLE_TIMEOUT);
  const world = (power?: Power) =>
    actingWorld(platform, cluster, { namespace: NAMESPACE, run: RUN, ...(power ? { power } : {}) });

  /** `during` looks at the cluster while the fault is there. */
  async function through(name: string, options: object, during?: (targets: Target[]) => Promise<void>) {
    await live(await world(), name, options, during);
    await whole();
    assert.deepEqual(await settledDifferences(platform, healthy, 30_000), []);
  }

  const node = { name: 'w1' };
  const docker = async (host: string, ...argv: string[]) => {
    const address = (await platform.inspect()).nodes.find(({ name }) => name === host)?.address;
    const result = await runProgram('docker', ['-H', `tcp://${address}:2375`, ...argv], { timeout: 20_000 });
    assert.equal(result.code, 0, result.stderr);
  };

  before(async () => {
    cluster = await labCluster();
    platform = await createPlatform(cluster);
    await platform.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    await platform.perform(deployAct(NAMESPACE, RUN));
    await whole();
    healthy = await platform.snapshot();
  });

  after(async () => {
    if (!platform) return;
    for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove);
    await platform.close();
  });

  it('node-drain', () =>
    through('node-drain', { node: { running: 'front' }, hold: '1s' }, async ([target]) => {
      assert.equal(target?.kind, 'node');
      const members = await platform.members(NAMESPACE);
      assert.ok(!members.some((member) => member.node === target.node && member.ready));
    }));

  it('member-kill', () => through('member-kill', { member: { service: 'front' } }));

  it('member-pause', () =>
    through('member-pause', { member: { service: 'front', share: '100%' }, hold: '1s' }, async (targets) => {
      assert.equal(targets.length, 2);
    }));

  it('rollout', () => through('rollout', { service: 'front', hold: '1s' }));

  it('node-partition: the overlay network and published ports are cut too', async () => {
    const [front] = (await platform.members(NAMESPACE, 'front')).filter((member) => member.node === 'w1');
    const [back] = await platform.members(NAMESPACE, 'back');
    assert.ok(front && back && back.node !== 'w1');
    const address = (await platform.exec(front, ['hostname', '-i'])).stdout.trim();
    const ask = (from: Member, url: string) => platform.exec(from, ['curl', '-s', '-m', '2', '-o', '/dev/null', url]);
    // The update before created new members; it takes a moment until the other nodes know their addresses.
    await until('the other node reaches it', async () => (await ask(back, `http://${address}/`)).code === 0, 60_000);
    await through('node-partition', { node, hold: '1s' }, async () => {
      const TIMED_OUT = 28;
      assert.equal((await ask(back, `http://${address}/`)).code, TIMED_OUT, 'VXLAN is cut');
      assert.equal((await ask(front, `http://${address}/`)).code, 0, 'the member itself runs on');
    });
  });

  it('node-partition: heals by itself when the suite is gone', async () => {
    const acting = await world();
    const fault = faults['node-partition']!;
    const options = fault.options.parse({ node, hold: '1s' });
    const injection = await fault.inject(acting, fault.aim(acting, options), options);
    assert.ok(await injection.confirm(CONFIRM));
    // As after a crash of everything that could heal it: not even the node agent gets a chance to clean up.
    await docker('w1', 'kill', '--signal', 'KILL', `brownout-${RUN}-partition`);
    assert.ok(await injection.confirm(CONFIRM), 'still cut off');
    assert.ok(await injection.confirmHealed(HEALED), 'and open again, without any help');
    await injection.heal();
    await whole();
  });

  for (const [kind, limits] of [
    ['cpu', true],
    ['memory', true],
    ['pids', true],
    ['disk', false],
    ['flood', false],
  ] as const) {
    it(`namespace-dos ${kind}${limits ? ' with limits' : ''}`, () =>
      through('namespace-dos', { node, kind, limits, service: 'front', hold: '1s' }));
  }

  it('network-loss', () => through('network-loss', { node, loss: '30%', hold: '1s' }));

  for (const rate of ['1Ki', '32Ki', '1Mi'])
    it(`network-rate: ${rate}`, () => through('network-rate', { node, rate, hold: '1s' }));

  it('node-partition from its peers alone', () => through('node-partition', { node, from: 'peers', hold: '1s' }));

  it('node-kill', () =>
    through('node-kill', { node, hold: '1s' }, async () => {
      assert.equal(await platform.answers('w1'), false);
      await assert.rejects(platform.snapshot(), /what there is on w1 \(.*\) is not known/);
    }));

  it('gives no evidence when the power agent lies', async () => {
    const liar = await createPower({
      power: { kind: 'command', off: 'true', on: 'true', state: 'echo off', timeout: 5000 },
    });
    const acting = await world(liar);
    const fault = faults['node-kill']!;
    const options = fault.options.parse({ node });
    const injection = await fault.inject(acting, fault.aim(acting, options), options);
    assert.equal(await injection.confirm(3000), undefined);
    await injection.heal();
  });

  it('gives no evidence when the power fails to be read', async () => {
    const mute = await createPower({
      power: { kind: 'command', off: 'true', on: 'true', state: 'exit 1', timeout: 5000 },
    });
    const acting = await world(mute);
    const fault = faults['node-kill']!;
    const options = fault.options.parse({ node });
    const injection = await fault.inject(acting, fault.aim(acting, options), options);
    assert.equal(await injection.confirm(1500), undefined);
    await injection.heal();
  });

  it('says what there is when nothing fits', async () => {
    const acting = await world();
    const aim = (name: string, options: object) => {
      const fault = faults[name]!;
      return () => fault.aim(acting, fault.options.parse(options));
    };
    assert.throws(aim('node-kill', { node: { running: 'ghost' } }), (error: OperatorError) => {
      // Which of the workers runs something depends on whether the managers noticed that w1 was off before it was on again.
      assert.match(error.message, /no node fits \{ running: ghost \}.*w[12] \(worker, runs/);
      assert.match(error.hint!, /services there: back, front/);
      return true;
    });
    // One may still be coming back from the node that was killed.
    const there = acting.members.filter(({ service, state }) => service === 'front' && state === 'running').length;
    const few = new RegExp(`3 wanted, and only ${there} fit`);
    assert.throws(aim('member-kill', { member: { service: 'front', count: 3 } }), few);
    assert.throws(aim('rollout', { service: 'ghost' }), /no service 'ghost'/);
  });
});
