/**
 * The Kubernetes platform on a real cluster (the lab's), as an account with exactly the rights that the suite asks for: every
 * verb and its undo, each twice, and nothing left behind.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPlatform, verbsOf } from '../../platforms/index.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { unlessGone } from '../../platforms/kubernetes/api/api-error.ts';
import { PODS, type Pod } from '../../platforms/kubernetes/api/objects.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import type { KubernetesCluster } from '../../platforms/kubernetes/cluster.ts';
import { removeNamespace } from '../../platforms/kubernetes/workload/remove.ts';
import { thisOwner } from '../../platforms/owner.ts';
import type { Act, Member, Platform, PlatformEvent } from '../../platforms/platform.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { deployAct, labCluster, restricted, SERVICES, WHOLE_TIMEOUT } from '../labs/kubernetes.ts';
import { until } from '../until.ts';

const RUN = 'test-kubernetes';
const NAMESPACE = 'brownout-test-kubernetes';
const WORKER = 'w1';
const SETTLE = 45_000;

describe('a Kubernetes cluster', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-kubernetes-'));
  let cluster: KubernetesCluster;
  let account: Awaited<ReturnType<typeof restricted>>;
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
  const placeOf = (member: Member) => ({ namespace: NAMESPACE, node: member.node, member: member.id });
  const whole = () => platform.untilReady({ namespace: NAMESPACE, services: SERVICES }, WHOLE_TIMEOUT);
  const asBefore = async (before: Record<string, string>) =>
    assert.deepEqual(await settledDifferences(platform, before, SETTLE), []);

  const budgets = { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', namespaced: true };
  /** No verb of the suite takes away a single one: the lab's administrator does. */
  const withoutBudget = async (name: string) => {
    const api = new Api(openReach((await labCluster()).reach));
    await api.delete(budgets, { namespace: NAMESPACE, name });
    api.close();
  };

  /** Their namespace is removed with the workload's; they themselves are removed at once. */
  const noHandLeft = () =>
    until('no node agent is left', async () => {
      const names = Object.keys(await platform.snapshot());
      return !names.some((name) => name.includes(`${NAMESPACE}-agents/`));
    });

  before(async () => {
    account = await restricted(await labCluster(), await verbsOf('kubernetes'), folder);
    cluster = account.cluster;
    platform = await createPlatform(cluster);
    for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove);
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
    for (const { remove } of (await platform?.leftovers(RUN)) ?? []) await platform.perform(remove);
    await platform?.close();
    await account?.remove();
    rmSync(folder, { recursive: true });
  });

  it('tells its nodes, quorum, versions and timers', async () => {
    // A kubelet that has just started says that it is ready before it takes its lease.
    await until('a lease to read', async () =>
      (await platform.inspect()).timers.some(({ name, source }) => name === 'node.lease' && source === 'read'),
    );
    const { nodes, quorum, timers, versions } = await platform.inspect();
    assert.ok(nodes.every(({ ready, address }) => ready && /^10\./.test(address)));
    assert.deepEqual(
      nodes.filter(({ schedulable }) => !schedulable).map(({ role }) => role),
      nodes.filter(({ role }) => role === 'manager').map(({ role }) => role),
    );
    assert.equal(quorum.reachable, quorum.managers);
    assert.match(versions.kubernetes!, /^v1\.\d+/);
    const timer = (name: string) => timers.find((candidate) => candidate.name === name);
    for (const name of ['node.monitor.grace', 'node.monitor.period', 'node.lease', 'toleration']) {
      assert.equal(timer(name)?.source, 'read', name);
    }
    assert.deepEqual(timer('probe.period.front'), { name: 'probe.period.front', ms: 1000, source: 'read' });
    assert.deepEqual(timer('grace.back'), { name: 'grace.back', ms: 2000, source: 'read' });
    assert.ok(timer('toleration.front'));
    assert.equal(timer('toleration.back'), undefined, 'a StatefulSet stays bound to its node');
  });

  it('told every step of the deployment, once', async () => {
    const kinds = (service: string) => events.filter((event) => event.service === service).map(({ kind }) => kind);
    await until('the news arrives', () => events.filter(({ kind }) => kind === 'member-ready').length >= 3);
    for (const kind of ['member-scheduled', 'member-started', 'member-ready']) {
      assert.equal(kinds('front').filter((candidate) => candidate === kind).length, 2, kind);
    }
  });

  it('has exactly the rights that it asks for, and names those that are missing', async () => {
    const rights = await platform.rights!(await verbsOf('kubernetes'));
    assert.ok(rights.length > 20);
    assert.deepEqual(
      rights.filter(({ granted }) => !granted),
      [],
    );
    await assert.rejects(
      platform.perform({ verb: 'service.roll', args: { namespace: 'brownout-none', service: 'x', run: RUN } }),
      /no service x/,
    );
  });

  it('runs a command in a member, with input, output and exit code', async () => {
    const member = await memberOf('back');
    const result = await platform.exec(member, ['sh', '-c', 'cat; echo aside >&2; exit 3'], { stdin: 'over\n' });
    assert.deepEqual(result, { code: 3, stdout: 'over\n', stderr: 'aside\n' });
    assert.equal((await platform.exec(member, ['hostname'])).stdout.trim(), member.instance);
    await assert.rejects(platform.exec(member, ['sleep', '60'], { timeout: 500 }), OperatorError);
    await assert.rejects(platform.exec(member, ['no-such-command']), OperatorError);
  });

  it('takes more output than one packet, unharmed', async () => {
    const { stdout } = await platform.exec(await memberOf('back'), ['seq', '200000']);
    assert.equal(stdout.split('\n').length, 200_001);
    assert.ok(stdout.endsWith('199999\n200000\n'));
  });

  it('finds what a run left by its label, as one namespace', async () => {
    const leftovers = await platform.leftovers(RUN);
    assert.deepEqual(leftovers, [
      { what: `namespace ${NAMESPACE}`, run: RUN, remove: { verb: 'remove', args: { namespace: NAMESPACE } } },
    ]);
    assert.deepEqual(await platform.leftovers('another-run'), []);
  });

  it('reaches every node past the control plane', async () => {
    for (const { name } of (await platform.inspect()).nodes) assert.equal(await platform.answers(name), true, name);
    assert.equal(await platform.answers('no-such-node'), false);
  });

  it('drains a node and makes it active again', async () => {
    const before = await platform.snapshot();
    await twice({ verb: 'node.availability', args: { node: WORKER, availability: 'drain', run: RUN } });
    const node = (await platform.inspect()).nodes.find(({ name }) => name === WORKER);
    assert.equal(node?.schedulable, false);
    await until('its members are gone', async () =>
      (await platform.members(NAMESPACE)).every((member) => member.node !== WORKER),
    );
    const marked = (await platform.leftovers(RUN)).find(({ remove }) => remove.verb === 'node.availability');
    assert.deepEqual(marked?.remove.args, { node: WORKER, availability: 'active' });
    await twice(marked.remove);
    await whole();
    await asBefore(before);
  });

  it('has nothing to undo on a node that it has not changed, or that is no more', async () => {
    const before = await platform.snapshot();
    // c1 takes no members because of a taint of its own, which is not the suite's.
    for (const node of ['c1', WORKER, 'no-such-node'])
      await platform.perform({ verb: 'node.availability', args: { node, availability: 'drain' } });
    await asBefore(before);
  });

  it('evicts a member, until a budget says no, and names the budget', async () => {
    const [one, two] = await platform.members(NAMESPACE, 'front');
    assert.ok(one && two);
    const evict = (member: Member) => platform.perform({ verb: 'evict', args: placeOf(member) });
    assert.deepEqual(await evict(one), { evicted: true });
    const blocked = (await evict(two)) as { evicted: boolean; blocked: string };
    assert.equal(blocked.evicted, false);
    assert.match(blocked.blocked, /^keep-one: /);
    await until('it is gone', async () => (await platform.members(NAMESPACE)).every(({ id }) => id !== one.id));
    assert.deepEqual(await evict(one), { evicted: true, gone: true }, 'gone already');
    await whole();
  });

  it('is told what never will be evicted, and waits for a budget that is not processed yet', async () => {
    const member = await memberOf('front');
    const evict = () => platform.perform({ verb: 'evict', args: placeOf(member) });
    const budget = (name: string) =>
      `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: ${name} }\nspec: { minAvailable: 2, selector: { matchLabels: { app: front } } }`;
    const deploy = (manifest: string) =>
      platform.perform({ verb: 'deploy', args: { namespace: NAMESPACE, manifest, labels: { 'brownout.run': RUN } } });
    // Changed a moment ago: the budget's status is of what it was before, and would allow it.
    await deploy(budget('keep-one'));
    const blocked = (await evict()) as { evicted: boolean; blocked?: string };
    assert.match(blocked.blocked ?? 'not blocked', /^keep-one: needs 2 healthy pods/);
    await deploy(budget('keep-another'));
    assert.deepEqual(await evict(), {
      evicted: false,
      refused: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      forGood: true,
    });
    const drain = platform.perform({
      verb: 'node.availability',
      args: { node: member.node, availability: 'drain', run: RUN },
    });
    await assert.rejects(drain, /cannot be drained: .*more than one PodDisruptionBudget/);
    for (const { remove } of await platform.leftovers(RUN)) {
      if (remove.verb === 'node.availability') await platform.perform(remove);
    }
    await withoutBudget('keep-another');
    await platform.perform(deployAct(NAMESPACE, RUN));
    await whole();
  });

  it('counts neither the pod of a Job nor one by itself, whatever its labels', async () => {
    const before = await platform.members(NAMESPACE, 'front');
    const told = events.length;
    const pod = (policy: string) =>
      `{ restartPolicy: ${policy}, terminationGracePeriodSeconds: 1, containers: [{ name: front, image: 'brownout/tools:lab', command: [sleep, infinity] }] }`;
    const manifest = [
      `apiVersion: batch/v1\nkind: Job\nmetadata: { name: migrate }\nspec: { template: { metadata: { labels: { app: front } }, spec: ${pod('Never')} } }`,
      `apiVersion: v1\nkind: Pod\nmetadata: { name: alone, labels: { app: front } }\nspec: ${pod('Always')}`,
    ].join('\n---\n');
    const admin = await createPlatform(await labCluster());
    const api = new Api(openReach((await labCluster()).reach));
    try {
      await admin.perform({
        verb: 'deploy',
        args: { namespace: NAMESPACE, manifest, labels: { 'brownout.run': RUN } },
      });
      await until('both of them run', async () => {
        const { items } = await api.list<Pod>(PODS, { namespace: NAMESPACE }, { labelSelector: 'app=front' });
        return items.length === before.length + 2 && items.every((each) => each.status.phase === 'Running');
      });
      assert.deepEqual(await platform.members(NAMESPACE, 'front'), before);
      await assert.rejects(
        platform.untilReady({ namespace: NAMESPACE, services: { front: before.length + 1 } }, 600),
        /front: 2 of 3 ready/,
      );
      assert.deepEqual(
        events.slice(told).filter(({ kind }) => kind.startsWith('member-')),
        [],
      );
    } finally {
      const jobs = { group: 'batch', version: 'v1', plural: 'jobs', namespaced: true };
      await api.delete(jobs, { namespace: NAMESPACE, name: 'migrate' }, { propagationPolicy: 'Background' });
      await api.delete(PODS, { namespace: NAMESPACE, name: 'alone' });
      api.close();
      await admin.close();
    }
  });

  it('deletes a member at once; one of the same name is another', async () => {
    const member = await memberOf('back');
    await twice({ verb: 'member.delete', args: { ...placeOf(member), grace: '0' } });
    await whole();
    const next = await memberOf('back');
    assert.notEqual(next.id, member.id);
    assert.equal(await platform.condition(member), 'gone');
    assert.equal(await platform.condition(next), 'running');
  });

  it('freezes a member and thaws it', async () => {
    const member = await memberOf('back');
    await twice({ verb: 'member.pause', args: placeOf(member) });
    assert.equal(await platform.condition(member), 'frozen');
    await assert.rejects(platform.exec(member, ['true']), /paused/);
    await twice({ verb: 'member.unpause', args: placeOf(member) });
    assert.equal(await platform.condition(member), 'running');
    assert.equal((await platform.exec(member, ['true'])).code, 0);
    await noHandLeft();
  });

  it('kills a member; it is started again in its pod, as another', async () => {
    const member = await memberOf('front');
    const { effect } = (await platform.perform({
      verb: 'member.kill',
      args: { ...placeOf(member), signal: 'SIGKILL' },
    })) as { effect: { from: number; to: number } };
    assert.ok(effect.from < effect.to && effect.to <= performance.now());
    await until('its node says so', async () => (await platform.condition(member)) === 'gone');
    await until('its failure is told', () =>
      events.some((event) => event.member === member.id && event.kind === 'member-failed'),
    );
    await until('it is no member', async () => (await platform.members(NAMESPACE)).every(({ id }) => id !== member.id));
    assert.deepEqual(await platform.perform({ verb: 'member.kill', args: placeOf(member) }), { gone: true });
    await whole();
    await noHandLeft();
  });

  it('has nothing to thaw where a member is gone', async () => {
    const args = { namespace: NAMESPACE, node: WORKER, member: 'back-0:00000000' };
    assert.equal(await platform.perform({ verb: 'member.unpause', args }), null);
    await noHandLeft();
  });

  it('leaves other namespaces alone', async () => {
    const perform = (verb: string, namespace: string) =>
      platform.perform({ verb, args: { namespace, node: WORKER, member: 'x:00000000', manifest: 'x', labels: {} } });
    await assert.rejects(perform('member.kill', 'kube-public'), /allow\.namespaces/);
    await assert.rejects(perform('remove', 'kube-public'), /allow\.namespaces/);
    // Allowed for the sake of dns-stop alone.
    for (const verb of ['member.kill', 'member.delete', 'evict', 'remove', 'deploy']) {
      await assert.rejects(perform(verb, 'kube-system'), /nothing but its name servers/);
    }
    await assert.rejects(perform('deploy', 'default'), /allow\.namespaces/);
    await assert.rejects(perform('remove', 'brownout-/../x'), OperatorError);
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
    await asBefore(before);
    await platform.perform({ verb: 'service.restore', args: { namespace: NAMESPACE, service: 'no-such-service' } });
  });

  it('runs a helper on a node and removes it', async () => {
    const before = await platform.snapshot();
    const argv = ['sh', '-c', 'trap "exit 0" TERM; sleep 600 & wait'];
    const args = { node: WORKER, name: 'brownout-test-helper', run: RUN, image: cluster.images.tools!, argv };
    await twice({ verb: 'host.run', args });
    const found = (await platform.leftovers(RUN)).find(({ what }) => what.includes('helper'));
    assert.deepEqual(found?.remove, { verb: 'remove', args: { namespace: 'brownout-test-helper' } });
    await twice({ verb: 'host.remove', args: { node: WORKER, name: 'brownout-test-helper' } });
    await asBefore(before);
  });

  it('says why what it runs on a node cannot do its work', async () => {
    const argv = ['sh', '-c', 'echo no such table >&2; exit 7'];
    const args = { node: WORKER, name: 'brownout-test-helper', run: RUN, image: cluster.images.tools!, argv };
    await assert.rejects(platform.perform({ verb: 'host.run', args }), /exit 7: no such table/);
    await twice({ verb: 'host.remove', args: { node: WORKER, name: 'brownout-test-helper' } });
  });

  it('tells which run lives, by the lock that it renews', async () => {
    const owner = thisOwner();
    assert.equal(await platform.lockHolder(), undefined);
    await platform.perform({ verb: 'lock.take', args: { run: RUN, owner } });
    assert.equal(await platform.lockHolder(), RUN);
    await platform.perform({ verb: 'lock.release', args: { run: RUN } });
    assert.equal(await platform.lockHolder(), undefined);
  });

  it('lets one run at a time hold the lock, and takes a stale one over', async () => {
    const owner = thisOwner();
    const take = (run: string, by = owner) => platform.perform({ verb: 'lock.take', args: { run, owner: by } });
    const release = (run: string) => platform.perform({ verb: 'lock.release', args: { run } });
    const runs = ['one', 'two', 'three', 'four'];
    const answers = await Promise.all(runs.map((run) => take(run)));
    const holders = answers.filter((answer) => (answer as { held: boolean }).held);
    assert.equal(holders.length, 1);
    const run = runs[answers.indexOf(holders[0]!)]!;
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

  it("gives the API's own words for a manifest that it refuses", async () => {
    const deploy = (manifest: string) =>
      platform.perform({ verb: 'deploy', args: { namespace: NAMESPACE, manifest, labels: { 'brownout.run': RUN } } });
    const object = (kind: string, rest: string) =>
      `apiVersion: apps/v1\nkind: ${kind}\nmetadata: { name: front${rest} }`;
    await assert.rejects(deploy(object('Deploiment', '')), /no kind Deploiment in apps\/v1/);
    await assert.rejects(deploy(object('Deployment', ', namespace: default')), /of namespace default/);
    await assert.rejects(
      deploy(`${object('Deployment', '')}\nspec: { replicas: many }`),
      /deployments\/front: \d+ .*replicas/s,
    );
    await assert.rejects(deploy('just words'), /object 1 of the manifest/);
  });

  it('says what is missing when a workload does not become whole', async () => {
    const services = { front: 9, ghost: 1 };
    await assert.rejects(
      platform.untilReady({ namespace: NAMESPACE, services }, 600),
      /front: 2 of 9 ready.*ghost: no pod yet/,
    );
  });

  it('says what holds a namespace that does not go: which objects, by which finalizers, and what to do', async () => {
    const name = `${NAMESPACE}-held`;
    const labels = { 'brownout.run': RUN };
    const manifest = [
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kept, finalizers: [example.org/hold] }`,
      `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }`,
      `apiVersion: v1\nkind: Pod\nmetadata: { name: alone, finalizers: [example.org/hold] }\nspec: { terminationGracePeriodSeconds: 1, containers: [{ name: it, image: 'brownout/tools:lab', command: [sleep, infinity], volumeMounts: [{ name: data, mountPath: /data }] }], volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }] }`,
    ].join('\n---\n');
    const lab = await labCluster();
    const admin = await createPlatform(lab);
    const api = new Api(openReach(lab.reach));
    const configMaps = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
    const ready = async () => {
      const { status } = await api.read<Pod>(PODS, { namespace: name, name: 'alone' });
      return status.phase === 'Running';
    };
    try {
      await admin.perform({ verb: 'deploy', args: { namespace: name, manifest, labels } });
      await until('the pod runs', ready);
      const told = await removeNamespace(api, name, undefined, { held: 20_000 }).catch((error: Error) => error);
      assert.ok(told instanceof PermanentError, String(told));
      assert.match(told.message, /configmaps\/kept \(finalizer example\.org\/hold\)/);
      assert.match(told.message, /pods\/alone \(finalizer example\.org\/hold\)/);
      assert.match(
        told.message,
        /persistentvolumeclaims\/data \(finalizer kubernetes\.io\/pvc-protection; used by pods\/alone\)/,
      );
      assert.match(told.message, /kubectl --namespace \S+-held patch pods alone --type=merge/);
    } finally {
      for (const [resource, held] of [
        [configMaps, 'kept'],
        [PODS, 'alone'],
      ] as const) {
        await unlessGone(api.patch(resource, { namespace: name, name: held }, { metadata: { finalizers: null } }));
      }
      await admin.perform({ verb: 'remove', args: { namespace: name } });
      api.close();
      await admin.close();
    }
  });

  it('removes the namespace with everything in it, and is as before', async () => {
    await twice({ verb: 'remove', args: { namespace: NAMESPACE } });
    await asBefore(atFirst);
    assert.deepEqual(await platform.leftovers(RUN), []);
  });
});
