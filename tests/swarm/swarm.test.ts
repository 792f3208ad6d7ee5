/** The Swarm platform on a real Swarm (the lab's): every verb and its undo, each twice, and nothing left behind. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../platforms/docker/client.ts';
import { createPlatform } from '../../platforms/index.ts';
import { thisOwner } from '../../platforms/owner.ts';
import type { Act, Member, Platform, PlatformEvent } from '../../platforms/platform.ts';
import { STACK_LABEL } from '../../platforms/swarm/api.ts';
import type { SwarmCluster } from '../../platforms/swarm/cluster.ts';
import { runAgent } from '../../platforms/swarm/containers.ts';
import { Hosts } from '../../platforms/swarm/hosts.ts';
import { usersOf } from '../../platforms/swarm/users.ts';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { deployAct, labCluster, STACK_SERVICES, WHOLE_TIMEOUT } from '../labs/swarm.ts';
import { until } from '../until.ts';

const RUN = 'test-swarm';
const NAMESPACE = 'brownout-test-swarm';
const WORKER = 'w1';

describe('a Swarm', { timeout: 300_000 }, () => {
  let cluster: SwarmCluster;
  /** Past the suite, as somebody else who uses the Swarm. */
  let hosts: Hosts;
  let platform: Platform;
  let atFirst: Record<string, string>;
  const events: PlatformEvent[] = [];
  const watching = new AbortController();
  let watched: Promise<void>;

  const twice = async (act: Act) => {
    await platform.perform(act);
    await platform.perform(act);
  };
  const memberOf = async (service: string): Promise<Member> => {
    const member = (await platform.members(NAMESPACE, service)).find(({ ready }) => ready);
    assert.ok(member, `${service} has a ready member`);
    return member;
  };
  const whole = () => platform.untilReady({ namespace: NAMESPACE, services: STACK_SERVICES }, WHOLE_TIMEOUT);

  before(async () => {
    cluster = await labCluster();
    platform = await createPlatform(cluster);
    hosts = new Hosts(cluster.reach);
    await platform.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    atFirst = await platform.snapshot();
    watched = (async () => {
      for await (const event of platform.watch(NAMESPACE, watching.signal)) events.push(event);
    })();
    await twice(deployAct(NAMESPACE, RUN));
    await whole();
  });

  after(async () => {
    watching.abort();
    await watched;
    await platform?.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    await platform?.close();
    hosts?.close();
  });

  it('tells its nodes, quorum, versions and timers', async () => {
    const { nodes, quorum, timers, versions } = await platform.inspect();
    assert.ok(nodes.every(({ ready, schedulable, address }) => ready && schedulable && /^10\./.test(address)));
    assert.equal(nodes.filter(({ leader }) => leader).length, 1);
    assert.equal(quorum.reachable, quorum.managers);
    assert.match(versions.docker!, /^\d+\.\d+/);
    const timer = (name: string) => timers.find((candidate) => candidate.name === name);
    assert.equal(timer('dispatcher.heartbeat')?.source, 'read');
    assert.deepEqual(timer('raft.election'), { name: 'raft.election', ms: 10_000, source: 'read' });
    assert.deepEqual(timer('restart.delay.front'), { name: 'restart.delay.front', ms: 1000, source: 'read' });
    assert.deepEqual(timer('health.interval.front'), { name: 'health.interval.front', ms: 2000, source: 'read' });
    assert.equal(timer('stop.grace.back')?.ms, 1000);
  });

  it('told every step of the deployment, once', async () => {
    const kinds = (service: string) => events.filter((event) => event.service === service).map(({ kind }) => kind);
    await until('the news arrives', () => events.filter(({ kind }) => kind === 'member-ready').length >= 3);
    for (const kind of ['member-scheduled', 'member-started', 'member-ready']) {
      assert.equal(kinds('front').filter((candidate) => candidate === kind).length, 2, kind);
    }
    const timed = events.filter(({ kind }) => kind === 'member-ready');
    assert.ok(timed.every(({ wall }) => wall !== undefined && Math.abs(wall - Date.now()) < 300_000));
  });

  it('runs a command in a member, with input, output and exit code', async () => {
    const member = await memberOf('back');
    const result = await platform.exec(member, ['sh', '-c', 'cat; echo aside >&2; exit 3'], { stdin: 'over\n' });
    assert.deepEqual(result, { code: 3, stdout: 'over\n', stderr: 'aside\n' });
    const [first] = (await platform.exec(member, ['hostname'])).stdout.split('\n');
    assert.equal(first, member.instance);
    await assert.rejects(platform.exec(member, ['sleep', '60'], { timeout: 500 }), OperatorError);
  });

  it('takes more output than one packet, unharmed', async () => {
    const { stdout } = await platform.exec(await memberOf('back'), ['seq', '200000']);
    assert.equal(stdout.split('\n').length, 200_001);
    assert.ok(stdout.endsWith('199999\n200000\n'));
  });

  it('finds what a run left by its label, as one stack', async () => {
    const leftovers = await platform.leftovers(RUN);
    assert.deepEqual(
      leftovers.map(({ run, remove }) => ({ run, remove })),
      [{ run: RUN, remove: { verb: 'remove', args: { namespace: NAMESPACE } } }],
    );
    assert.match(leftovers[0]!.what, /service .*front.*network .*inside.*volume .*data on/);
    assert.deepEqual(await platform.leftovers('another-run'), []);
  });

  it('drains a node and makes it active again', async () => {
    const before = await platform.snapshot();
    await twice({ verb: 'node.availability', args: { node: WORKER, availability: 'drain', run: RUN } });
    const node = (await platform.inspect()).nodes.find(({ name }) => name === WORKER);
    assert.equal(node?.schedulable, false);
    const marked = (await platform.leftovers(RUN)).find(({ remove }) => remove.verb === 'node.availability');
    assert.deepEqual(marked?.remove.args, { node: WORKER, availability: 'active' });
    await twice(marked.remove);
    await whole();
    assert.deepEqual(await platform.snapshot(), before);
  });

  it('freezes a member, which the platform does not notice, and thaws it', async () => {
    const member = await memberOf('back');
    const args = { namespace: NAMESPACE, node: member.node, member: member.id };
    await twice({ verb: 'member.pause', args });
    assert.equal(await platform.condition(member), 'frozen');
    await assert.rejects(platform.exec(member, ['true']), /paused/);
    await twice({ verb: 'member.unpause', args });
    assert.equal(await platform.condition(member), 'running');
  });

  it('kills a member; another takes its place', async () => {
    const member = await memberOf('front');
    const args = { namespace: NAMESPACE, node: member.node, member: member.id };
    await twice({ verb: 'member.kill', args: { ...args, signal: 'SIGKILL' } });
    assert.equal(await platform.condition(member), 'gone');
    await until('its failure is told', () =>
      events.some((event) => event.member === member.id && event.kind === 'member-failed'),
    );
    await whole();
    assert.ok(!(await platform.members(NAMESPACE)).some(({ id }) => id === member.id));
  });

  it('has nothing to thaw where a member is gone', async () => {
    await platform.perform({
      verb: 'member.unpause',
      args: { namespace: NAMESPACE, node: WORKER, member: 'no-such-member' },
    });
  });

  it('leaves members of other namespaces alone', async () => {
    const member = await memberOf('back');
    const kill = (namespace: string) =>
      platform.perform({ verb: 'member.kill', args: { namespace, node: member.node, member: member.id } });
    await assert.rejects(kill('brownout-somebody-else'), /left alone/);
    await assert.rejects(kill('production'), /allow\.namespaces/);
    await assert.rejects(platform.perform({ verb: 'remove', args: { namespace: 'production' } }), /allow\.namespaces/);
    await assert.rejects(platform.perform({ verb: 'remove', args: { namespace: 'brownout-/../x' } }), OperatorError);
    assert.equal(await platform.condition(member), 'running');
  });

  it('rolls a service over once, and restores it', async () => {
    const before = await platform.snapshot();
    const old = new Set((await platform.members(NAMESPACE, 'back')).map(({ id }) => id));
    await twice({ verb: 'service.roll', args: { namespace: NAMESPACE, service: 'back', run: RUN } });
    await until('a new member is ready', async () =>
      (await platform.members(NAMESPACE, 'back')).some(({ id, ready }) => ready && !old.has(id)),
    );
    const rolled = (await platform.members(NAMESPACE, 'back')).map(({ id }) => id);
    await twice({ verb: 'service.restore', args: { namespace: NAMESPACE, service: 'back' } });
    await sleep(2000);
    assert.deepEqual(
      (await platform.members(NAMESPACE, 'back')).map(({ id }) => id),
      rolled,
    );
    assert.deepEqual(await platform.snapshot(), before);
    await platform.perform({ verb: 'service.restore', args: { namespace: NAMESPACE, service: 'no-such-service' } });
  });

  it('runs a helper on a node and removes it', async () => {
    const before = await platform.snapshot();
    const argv = ['sh', '-c', 'trap "exit 0" TERM; sleep 600 & wait'];
    const args = { node: WORKER, name: 'brownout-test-helper', run: RUN, image: cluster.images.tools!, argv };
    await twice({ verb: 'host.run', args });
    const found = (await platform.leftovers(RUN)).find(({ remove }) => remove.verb === 'host.remove');
    assert.deepEqual(found?.remove.args, { node: WORKER, name: 'brownout-test-helper' });
    await twice(found.remove);
    assert.deepEqual(await platform.snapshot(), before);
  });

  it('lets one run at a time hold the lock, and takes a stale one over', async () => {
    const owner = thisOwner();
    const take = (run: string, by = owner) => platform.perform({ verb: 'lock.take', args: { run, owner: by } });
    const release = (run: string) => platform.perform({ verb: 'lock.release', args: { run } });
    const answers = await Promise.all(['one', 'two', 'three', 'four'].map((run) => take(run)));
    const holders = answers.filter((answer) => (answer as { held: boolean }).held);
    assert.equal(holders.length, 1);
    const run = ['one', 'two', 'three', 'four'][answers.indexOf(holders[0]!)]!;
    assert.deepEqual(await take(run), { held: true });
    assert.deepEqual(await platform.perform({ verb: 'lock.renew', args: { run, owner } }), { held: true });
    const refused = (await take('five')) as { held: boolean; holder: string };
    assert.equal(refused.held, false);
    assert.match(refused.holder, new RegExp(`run ${run} of ${hostname()}`));
    await release('five');
    assert.equal(((await take('five')) as { held: boolean }).held, false, 'only its holder can release it');
    await release(run);
    await release(run);
    // Another host's process cannot be looked at; one of this host that is dead can.
    assert.deepEqual(await take('dead', thisOwner().replace(/ \d+ \d+ /, ' 999999999 1 ')), { held: true });
    assert.deepEqual(await take('living'), { held: true });
    await release('living');
    assert.deepEqual(
      (await platform.leftovers()).filter(({ remove }) => remove.verb === 'lock.release'),
      [],
    );
  });

  it('is not taken from a living run by one whose clock is ahead', async (context) => {
    const perform = (verb: string, run: string) =>
      platform.perform({ verb, args: { run, owner: 'elsewhere 1 1' } }) as Promise<{ held: boolean }>;
    assert.deepEqual(await perform('lock.take', 'living'), { held: true });
    const manager = connect(cluster.reach.hosts[0]!, cluster.reach.tls);
    const written = async () => {
      const configs = await manager.ask('list configs', (api) => api.listConfigs());
      return configs.find(({ Spec }) => Spec?.Name === 'brownout-lock')!.UpdatedAt!;
    };
    const before = await written();
    assert.deepEqual(await perform('lock.renew', 'living'), { held: true });
    assert.ok((await written()) > before, 'the Swarm notes down that it was renewed');
    manager.close();
    const now = Date.now.bind(Date);
    context.mock.method(Date, 'now', () => now() + 600_000);
    assert.equal(await platform.lockHolder(), 'living');
    assert.equal((await perform('lock.take', 'other')).held, false);
    await perform('lock.release', 'living');
  });

  it('names who uses what is left of a stack', async () => {
    const member = await memberOf('back');
    const hosts = new Hosts(cluster.reach);
    const host = await hosts.of(member.node);
    const { Volumes } = await host.ask('list volumes', (api) =>
      api.listVolumes({ filters: { label: [`com.docker.stack.namespace=${NAMESPACE}`] } }),
    );
    const volume = Volumes[0]!.Name;
    const other = await host.ask('create', (api) =>
      api.createContainer({
        name: 'somebody-elses',
        Image: 'brownout/tools:lab',
        Cmd: ['true'],
        HostConfig: { Binds: [`${volume}:/data`] },
      }),
    );
    try {
      const users = await usersOf(hosts, NAMESPACE);
      assert.ok(
        users.includes(`volume ${volume} on ${member.node}: used by container somebody-elses (created)`),
        users.join('\n'),
      );
      assert.ok(users.includes(`network ${NAMESPACE}_inside: used by service ${NAMESPACE}_front`), users.join('\n'));
    } finally {
      await host.ask('remove', () => other.remove());
      hosts.close();
    }
  });

  /** A shell command on the folder that every node mounts. */
  const onShared = async (script: string) => {
    const agent = { name: 'brownout-test-shared', run: RUN, image: cluster.images.tools!, argv: ['sh', '-c', script] };
    await runAgent(await hosts.of(WORKER), { ...agent, mount: cluster.shared! }, cluster.pull, 30_000);
  };
  const refusesToTouch = (act: Act, message: RegExp, run = RUN) =>
    assert.rejects(platform.perform(act, run), (error: Error) => {
      assert.ok(error instanceof PermanentError, error.stack);
      assert.match(error.message, message);
      return true;
    });

  it('leaves alone what another run has made', async () => {
    const before = await platform.snapshot();
    const remove = { verb: 'remove', args: { namespace: NAMESPACE } };
    await refusesToTouch(remove, /service .*_front.*volume .*_data/, 'another-run');
    await platform.perform({ verb: 'node.availability', args: { node: WORKER, availability: 'drain' } }, RUN);
    assert.deepEqual(await platform.snapshot(), before);
    await whole();
  });

  it('leaves alone what nobody has labelled: a stack, a volume, a container, a folder', async () => {
    const namespace = 'brownout-foreign';
    const name = 'brownout-test-foreign';
    const labels = { [STACK_LABEL]: namespace };
    const image = cluster.images.tools!;
    const worker = await hosts.of(WORKER);
    const service = await hosts.manager((host) =>
      host.ask('create', (api) =>
        api.createService({
          Name: `${namespace}_web`,
          Labels: labels,
          TaskTemplate: { ContainerSpec: { Image: image, Command: ['sleep', 'infinity'] } },
          Mode: { Replicated: { Replicas: 1 } },
        } as never),
      ),
    );
    const idOf = ({ ID, id }: { ID?: string; id?: string }) => ID ?? id!;
    await worker.ask('create', (api) => api.createVolume({ Name: `${namespace}_data`, Labels: labels }));
    const container = await worker.ask('create', (api) =>
      api.createContainer({ name, Image: image, Cmd: ['sleep', 'infinity'] }),
    );
    await onShared(`mkdir /srv/shared/${namespace}-folder`);
    try {
      await refusesToTouch(
        { verb: 'remove', args: { namespace } },
        /service .*_web.*volume brownout-foreign_data on w1/,
      );
      await refusesToTouch({ verb: 'remove', args: { namespace: `${namespace}-folder` } }, /not made by run/);
      await refusesToTouch({ verb: 'host.remove', args: { node: WORKER, name } }, /left alone/);
      const run = { node: WORKER, name, run: RUN, image, argv: ['sleep', '60'] };
      await refusesToTouch({ verb: 'host.run', args: run }, /left alone/);
      await hosts.manager((host) => host.ask('still there', (api) => api.getService(idOf(service as never)).inspect()));
      await worker.ask('still there', (api) => api.getVolume(`${namespace}_data`).inspect());
      await worker.ask('still there', (api) => api.getContainer(container.id).inspect());
      await onShared(`rmdir /srv/shared/${namespace}-folder`);
    } finally {
      await hosts.manager((host) => host.ask('remove', (api) => api.getService(idOf(service as never)).remove()));
      await worker.ask('remove', (api) => api.getContainer(container.id).remove({ force: true }), 20_000);
      await worker.ask('remove', (api) => api.getVolume(`${namespace}_data`).remove());
    }
  });

  it("gives Docker's own words for a stack file that Docker refuses", async () => {
    const args = { namespace: NAMESPACE, manifest: 'services: { front: { imagine: x } }', labels: {} };
    await assert.rejects(platform.perform({ verb: 'deploy', args }), /imagine/);
    const unknown = { ...args, manifest: 'services: { front: { image: "brownout/none:such" } }' };
    await assert.rejects(platform.perform({ verb: 'deploy', args: unknown }), /brownout\/none:such: no node has it/);
  });

  it('says what is missing when a stack does not become whole', async () => {
    const services = { front: 9, ghost: 1 };
    await assert.rejects(
      platform.untilReady({ namespace: NAMESPACE, services }, 600),
      /front: 2 of 9 ready.*ghost: no such service/,
    );
  });

  it('removes the stack with everything in it, and is as before', async () => {
    await onShared(`[ "$(cat /srv/shared/${NAMESPACE}/.brownout.run)" = ${RUN} ]`);
    await platform.perform({ verb: 'remove', args: { namespace: NAMESPACE } }, RUN);
    await platform.perform({ verb: 'remove', args: { namespace: NAMESPACE } }, RUN);
    await onShared(`[ ! -e /srv/shared/${NAMESPACE} ]`);
    assert.deepEqual(await platform.snapshot(), atFirst);
    assert.deepEqual(await platform.leftovers(RUN), []);
  });
});
