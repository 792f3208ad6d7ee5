import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { World } from '../../faults/fault.ts';
import { chooseNodes } from '../../faults/selector.ts';
import type { Inspection, Node } from '../../platforms/platform.ts';
import { ownNodeCheck, withoutOwnNode } from './own-node.ts';

const node = (name: string, address: string): Node => ({
  name,
  address,
  role: 'worker',
  leader: false,
  ready: true,
  schedulable: true,
  labels: {},
});
const inspection = { nodes: [node('w1', '10.0.0.1'), node('w2', '10.0.0.2')] } as Inspection;
const nowhere = { nodeName: undefined, addresses: ['192.0.2.7'] };

const aimed = (from: Parameters<typeof withoutOwnNode>[1]) => {
  const world = { inspection: withoutOwnNode(inspection, from), members: [], allowed: () => true, random: () => 0 };
  return chooseNodes(world as unknown as World, {}).map(({ node: name }) => name);
};

describe('the node that the suite runs on itself', () => {
  it('is never chosen, be it known by NODE_NAME or by its address', () => {
    assert.deepEqual(aimed(nowhere), ['w1']);
    assert.deepEqual(aimed({ ...nowhere, nodeName: 'w1' }), ['w2']);
    assert.deepEqual(aimed({ ...nowhere, addresses: ['10.0.0.1'] }), ['w2']);
    assert.throws(() => {
      const own = withoutOwnNode(inspection, { nodeName: 'w1', addresses: ['10.0.0.2'] });
      chooseNodes({ inspection: own, members: [], allowed: () => true } as unknown as World, { name: 'w1' });
    }, /w1 .*no target: brownout itself runs on it \(by NODE_NAME alone\)/);
  });

  it('is said, and how it is known', () => {
    const check = ownNodeCheck(inspection, { runsInside: true }, { ...nowhere, nodeName: 'w2' });
    assert.deepEqual(check, {
      what: 'own node',
      ok: true,
      observed: 'w2 is never hit: brownout itself runs on it (by NODE_NAME alone)',
    });
    assert.match(
      ownNodeCheck(inspection, {}, { ...nowhere, addresses: ['10.0.0.2'] })!.observed,
      /w2 .*10\.0\.0\.2 is an address of this machine/,
    );
  });

  it('refuses a run from inside where it is not known', () => {
    for (const nodeName of [undefined, 'w9']) {
      const check = ownNodeCheck(inspection, { runsInside: true }, { ...nowhere, nodeName })!;
      assert.equal(check.ok, false);
      assert.match(check.hint!, /downward API/);
    }
  });

  it('is nothing to speak of from outside, where other programs may mean something else by NODE_NAME', () => {
    assert.equal(ownNodeCheck(inspection, {}, nowhere), undefined);
    assert.equal(ownNodeCheck(inspection, {}, { ...nowhere, nodeName: 'built-in' }), undefined);
    assert.deepEqual(withoutOwnNode(inspection, { ...nowhere, nodeName: 'built-in' }), inspection);
  });
});
