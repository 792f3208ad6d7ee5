import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { execaSync } from 'execa';
import { parse } from 'yaml';
import { z } from 'zod';
import { registeredPlatforms } from '../platforms/index.ts';
import { neighbours as onKubernetes } from '../platforms/kubernetes/neighbour.ts';
import { STOP } from '../platforms/kubernetes/node-agent/stop-script.ts';
import { nodesDown } from '../platforms/meaning.ts';
import { POWER_VERBS } from '../platforms/power/verbs.ts';
import { neighbours as onProxmox } from '../platforms/proxmox/neighbour.ts';
import { readManifest } from '../platforms/proxmox/workload/manifest.ts';
import { neighbours as onSwarm } from '../platforms/swarm/neighbour.ts';
import { faults } from './index.ts';
import { FILL } from './neighbour/fill.ts';
import { type Noise, neighbourOf } from './noise/noise.ts';
import { noiseKinds, STRESS } from './noise/stress.ts';
import { DROPPED, PACKETS } from './packets/script.ts';

describe('every fault', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it(`${name} is strict about its options and describes them as JSON Schema`, () => {
      assert.equal(fault.name, name);
      assert.equal(fault.options.safeParse({ hlod: '1s' }).success, false);
      const schema = z.toJSONSchema(fault.options, { io: 'input' });
      assert.equal(schema.additionalProperties, false);
    });
  }

  it('needs only what some platform offers, or a cluster file says', async () => {
    const platforms = await Promise.all(Object.values(registeredPlatforms()).map((platform) => platform.verbs()));
    const offered = new Set([...platforms.flat(), ...POWER_VERBS, 'images.tools', 'kernel.netem']);
    const examples: Record<string, object[]> = {
      'namespace-dos': [...noiseKinds, 'quota', 'deny'].map((kind) => ({ node: {}, kind, service: 'vote' })),
      'node-pressure': [{ node: {}, of: 'memory' }],
      'control-plane-stop': [{ component: 'etcd' }],
      'network-loss': [{ node: {}, loss: '10%' }],
      'network-rate': [{ node: {}, rate: '1Mi' }],
      'network-delay': [{ node: {}, delay: '100ms' }],
      'pod-eviction': [{ member: { service: 'vote' } }],
      'node-shutdown': [{ node: {} }, { node: {}, policy: 'migrate' }],
      scale: [{ service: 'vote', to: 0 }],
      'clock-step': [{ member: { service: 'vote' }, by: '5m' }],
      'disk-throttle': [{ member: { service: 'vote' }, iops: 20 }],
      migrate: (['live', 'relocate'] as const).map((how) => ({ member: { service: 'vote' }, how })),
      'member-reset': (['reset', 'panic'] as const).map((how) => ({ member: { service: 'vote' }, how })),
    };
    for (const [name, fault] of Object.entries(faults)) {
      const given = examples[name] ?? [{ node: {} }, { member: { service: 'vote' } }, { service: 'vote' }, {}];
      const options = given.map((each) => fault.options.safeParse(each)).filter(({ success }) => success);
      assert.ok(options.length > 0, `no example of ${name} fits its options`);
      for (const { data } of options)
        assert.deepEqual(
          fault.needs(data).filter((need) => !offered.has(need)),
          [],
          name,
        );
    }
  });

  it('has a hold with its unit, or the default of its kind', () => {
    const hold = (name: string, options: object) => faults[name]!.hold(faults[name]!.options.parse(options));
    assert.equal(hold('node-kill', { node: { running: 'vote' } }), 60_000);
    assert.equal(hold('node-kill', { node: {}, hold: '1m30s' }), 90_000);
    assert.equal(hold('member-pause', { member: { service: 'vote' } }), 30_000);
    assert.equal(hold('member-kill', { member: { service: 'vote' } }), 0);
    assert.equal(faults['node-kill']!.options.safeParse({ node: {}, hold: 60 }).success, false);
  });

  it('refuses what cannot be meant, and says why', () => {
    const vote = { service: 'vote' };
    const problem = (name: string, options: object) => {
      const parsed = faults[name]!.options.safeParse(options);
      return parsed.success ? undefined : parsed.error.issues.map(({ message }) => message).join('; ');
    };
    assert.match(problem('member-kill', { member: vote, signal: 'SIGTERM', grace: '0s' })!, /exclude each other/);
    assert.match(problem('member-kill', { member: vote, grace: '1500ms' })!, /whole seconds/);
    assert.match(problem('network-loss', { node: {}, loss: '0%' })!, /more than 0%/);
    assert.match(problem('network-loss', { node: {}, loss: '100%' })!, /less than 100%/);
    assert.match(problem('network-rate', { node: {}, rate: '1B' })!, /1Ki to 512Mi/);
    assert.match(problem('rollout', { ...vote, kind: 'bad-image', image: 'vote' })!, /good version/);
    assert.match(problem('rollout', { ...vote, expect: 'rolled-back' })!, /only a bad version/);
    for (const kind of ['flood', 'deny']) {
      assert.match(problem('namespace-dos', { node: {}, kind })!, /name it by `service`/, kind);
      assert.equal(problem('namespace-dos', { node: {}, kind, service: 'web' }), undefined);
    }
    assert.equal(problem('namespace-dos', { node: {}, kind: 'cpu' }), undefined);
    assert.ok(problem('control-plane-stop', { component: 'kubelet' }));
    assert.ok(problem('node-partition', { node: {}, from: 'everybody' }));
    assert.ok(problem('scale', { ...vote, to: -1 }));
  });

  it('asks for the verbs of what is wanted, and for no others', () => {
    const needs = (name: string, options: object) => faults[name]!.needs(faults[name]!.options.parse(options));
    const vote = { service: 'vote' };
    assert.deepEqual(needs('member-kill', { member: vote }), ['member.kill']);
    assert.deepEqual(needs('member-kill', { member: vote, grace: '0s' }), ['member.delete']);
    assert.deepEqual(needs('rollout', vote), ['service.roll', 'service.restore']);
    assert.ok(!needs('rollout', { ...vote, kind: 'failing-probe' }).includes('service.roll'));
    assert.deepEqual(needs('namespace-dos', { node: {}, kind: 'cpu' }), ['neighbour.deploy', 'remove', 'images.tools']);
    assert.ok(needs('namespace-dos', { node: {}, kind: 'quota' }).includes('namespace.restrict'));
    assert.ok(!needs('node-partition', { node: {} }).includes('host.exec'));
    assert.ok(needs('node-partition', { node: {}, from: 'peers' }).includes('host.exec'));
  });

  it('has a control plane to stop unless another node is named', () => {
    const parsed = faults['control-plane-stop']!.options.parse({ component: 'etcd' });
    assert.deepEqual(parsed, { component: 'etcd', node: { role: 'manager' }, how: 'gone', hold: 60_000 });
  });

  it('says which nodes stop working', () => {
    const node = { kind: 'node' as const, node: 'w1', why: '' };
    const down = (name: string, options = {}) => nodesDown(faults[name]!.means(options), [node]);
    assert.deepEqual(
      ['node-kill', 'node-partition', 'node-drain'].map((name) => down(name)),
      [['w1'], ['w1'], ['w1']],
    );
    assert.deepEqual(
      ['namespace-dos', 'network-loss', 'node-pressure'].map((name) => down(name)),
      [[], [], []],
    );
    assert.deepEqual(down('node-partition', { from: 'control-plane' }), ['w1']);
    assert.deepEqual(down('node-shutdown'), ['w1']);
    assert.deepEqual(down('node-partition', { from: 'users' }), []);
    // The quorum is judged without it.
    assert.deepEqual(down('control-plane-stop', { component: 'etcd' }), ['w1']);
    assert.deepEqual(down('control-plane-stop', { component: 'scheduler' }), []);
  });
});

describe('a noisy neighbour', () => {
  const noise = { image: 'tools', nodes: ['w1', 'w2'], target: undefined, memory: 2 ** 30, deadMan: 90_500 };
  const noiseStack = (given: Noise) => onSwarm.deployment(neighbourOf(given)).manifest;

  it('is bound to its nodes, ends by itself, and is not restarted then', () => {
    for (const kind of noiseKinds) {
      const { services } = parse(noiseStack({ ...noise, kind, limits: undefined }));
      const constraints = Object.values<{ deploy: { placement: { constraints: string[] } } }>(services).map(
        ({ deploy }) => deploy.placement.constraints,
      );
      assert.deepEqual(constraints, [['node.hostname==w1'], ['node.hostname==w2']]);
      const { command, deploy } = services['noise-1'];
      assert.deepEqual(command.slice(0, 4), ['timeout', '-k', '5', '91']);
      assert.deepEqual(deploy.restart_policy, { condition: 'none' });
      assert.equal(deploy.resources, undefined);
    }
  });

  it('gets the limits that it is given, and no variable is read into its script', () => {
    const limits = { cpus: 0.5, memory: 64 * 2 ** 20, pids: 20 };
    const text = noiseStack({ ...noise, kind: 'flood', limits, target: { host: 'tasks.$x', port: 80 } });
    const service = parse(text).services['noise-1'];
    assert.deepEqual(service.deploy.resources.limits, { cpus: '0.5', memory: '67108864b', pids: 20 });
    assert.deepEqual(service.command.slice(-3), ['flood', 'tasks.$$x', '80']);
  });
});

describe('a noisy neighbour on Kubernetes', () => {
  const noise = { image: 'tools', nodes: ['w1', 'w2'], target: undefined, memory: 2 ** 30, deadMan: 90_500 };
  const objects = (given: Partial<Noise>) =>
    JSON.parse(onKubernetes.deployment(neighbourOf({ ...noise, kind: 'cpu', limits: undefined, ...given })).manifest)
      .items;

  it('is a pod on each node that ends for good by itself', () => {
    for (const kind of noiseKinds) {
      const pods = objects({ kind });
      assert.deepEqual(
        pods.map((pod: { kind: string; spec: { nodeName: string } }) => [pod.kind, pod.spec.nodeName]),
        [
          ['Pod', 'w1'],
          ['Pod', 'w2'],
        ],
      );
      assert.equal(pods[0].spec.activeDeadlineSeconds, 91);
    }
  });

  it('has the limits of its namespace, not its own', () => {
    const [range, pod] = objects({ limits: { cpus: 0.25, memory: 64 * 2 ** 20, disk: 2 ** 20, pids: 64 } });
    assert.equal(range.kind, 'LimitRange');
    const [{ default: most, defaultRequest }] = range.spec.limits;
    assert.deepEqual(most, { cpu: '0.25', memory: '67108864', 'ephemeral-storage': '1048576' });
    assert.deepEqual(defaultRequest, { cpu: '0', memory: '0', 'ephemeral-storage': '0' });
    assert.equal(pod.spec.containers[0].resources, undefined);
  });

  it('has no way out where its flood is what is limited', () => {
    const [policy] = objects({ kind: 'flood', target: { host: 'vote', port: 80 }, limits: { cpus: 1 } });
    assert.equal(policy.kind, 'NetworkPolicy');
    assert.deepEqual(policy.spec, { podSelector: {}, policyTypes: ['Egress'] });
  });
});

describe('a noisy neighbour on Proxmox', () => {
  const careful = { cpus: 0.25, memory: 128 * 2 ** 20, pids: 64, disk: 64 * 2 ** 20 };
  const noise = { image: '', nodes: ['pve1'], target: undefined, memory: 2 ** 31, deadMan: 90_500 };
  const guestOf = (given: Partial<Noise>) =>
    readManifest(onProxmox.deployment(neighbourOf({ ...noise, kind: 'cpu', limits: undefined, ...given })).manifest)
      .guests['noise-1']!;

  it('is a guest on its node that ends by itself', () => {
    for (const kind of noiseKinds) {
      const { node, parts, ha } = guestOf({ kind });
      assert.equal(node, 'pve1');
      assert.deepEqual(parts['noise-1']!.start.slice(0, 4), ['timeout', '-k', '5', '91']);
      assert.equal(ha, undefined, 'nothing starts it elsewhere');
    }
  });

  it('has room for all the memory that it takes, unless that is what is limited', () => {
    assert.equal(guestOf({}).memory, 512);
    assert.equal(guestOf({ kind: 'memory' }).memory, 2048 + 256);
    assert.equal(guestOf({ kind: 'memory', limits: careful }).memory, 128);
  });

  it('has careful limits on disk and network where it is to have them, and none of a size', () => {
    const { disk, rate, cpulimit } = guestOf({ kind: 'disk', limits: careful });
    assert.deepEqual({ disk, rate, cpulimit }, { disk: { iops: 100, mbps: 10 }, rate: 0.1, cpulimit: 0.25 });
    assert.equal(guestOf({ kind: 'disk' }).disk, undefined);
    assert.equal(onProxmox.cannot('disk', true), undefined);
    assert.equal(onProxmox.cannot('network', true), undefined);
    assert.match(onProxmox.cannot('disk', { disk: 2 ** 20 })!.why, /how fast/);
  });
});

describe('what runs on nodes', () => {
  it('is well formed shell', () => {
    for (const script of [PACKETS, DROPPED]) execaSync('sh', ['-n'], { input: script });
  });

  it('is well formed Python', () => {
    const compile = 'import ast, sys; ast.parse(sys.stdin.read())';
    for (const script of [STRESS, FILL, STOP]) execaSync('python3', ['-c', compile], { input: script });
  });
});
