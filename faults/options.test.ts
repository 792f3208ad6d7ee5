import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { faults } from './index.ts';
import { noiseStack } from './noise/compose.ts';
import { noiseKinds } from './noise/stress.ts';

describe('every fault', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it(`${name} is strict about its options and describes them as JSON Schema`, () => {
      assert.equal(fault.name, name);
      assert.equal(fault.options.safeParse({ hlod: '1s' }).success, false);
      const schema = z.toJSONSchema(fault.options, { io: 'input' });
      assert.equal(schema.additionalProperties, false);
    });
  }

  it('has a hold with its unit, or the default of its kind', () => {
    const hold = (name: string, options: object) => faults[name]!.hold(faults[name]!.options.parse(options));
    assert.equal(hold('node-kill', { node: { running: 'vote' } }), 60_000);
    assert.equal(hold('node-kill', { node: {}, hold: '1m30s' }), 90_000);
    assert.equal(hold('member-pause', { member: { service: 'vote' } }), 30_000);
    assert.equal(hold('member-kill', { member: { service: 'vote' } }), 0);
    assert.equal(faults['node-kill']!.options.safeParse({ node: {}, hold: 60 }).success, false);
  });

  it('says which nodes stop working', () => {
    const node = { kind: 'node' as const, node: 'w1', why: '' };
    const down = (name: string, options = {}) => faults[name]!.impact([node], options).nodesDown;
    assert.deepEqual(['node-kill', 'node-partition', 'node-drain'].map(down), [['w1'], ['w1'], ['w1']]);
    assert.deepEqual(down('namespace-dos'), []);
  });
});

describe('a noisy neighbour', () => {
  const noise = { image: 'tools', nodes: ['w1', 'w2'], victim: undefined, memory: 2 ** 30, deadMan: 90_500 };

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
    const text = noiseStack({ ...noise, kind: 'flood', limits, victim: { host: 'tasks.$x', port: 80 } });
    const service = parse(text).services['noise-1'];
    assert.deepEqual(service.deploy.resources.limits, { cpus: '0.5', memory: '67108864b', pids: 20 });
    assert.deepEqual(service.command.slice(-3), ['flood', 'tasks.$$x', '80']);
  });
});
