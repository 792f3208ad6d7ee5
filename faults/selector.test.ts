import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Member, Node, Platform } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { seeded } from '../units/random.ts';
import type { World } from './fault.ts';
import { chooseMembers, chooseNodes, memberSelector, nodeSelector, shareOf } from './selector.ts';

const SERVICES = ['vote', 'redis', 'db'];

function worldOf(nodes: Node[], members: Member[], allowed: string[], seed: number): World {
  return {
    inspection: {
      platform: 'swarm',
      versions: {},
      nodes,
      quorum: { managers: 1, reachable: 1, needed: 1 },
      timers: [],
    },
    members,
    namespace: 'brownout-test',
    run: 'test',
    // Choosing only looks at what the world already knows.
    platform: undefined as unknown as Platform,
    power: undefined,
    random: seeded(seed),
    allowed: (node) => allowed.includes(node),
    allowedNamespace: () => true,
    toolsImage: 'tools',
  };
}

const clusters = fc
  .record({
    managers: fc.integer({ min: 1, max: 3 }),
    workers: fc.integer({ min: 0, max: 6 }),
    places: fc.array(fc.tuple(fc.constantFrom(...SERVICES), fc.nat()), { maxLength: 12 }),
    forbidden: fc.array(fc.nat(), { maxLength: 3 }),
    seed: fc.nat(),
  })
  .map(({ managers, workers, places, forbidden, seed }) => {
    const nodes = Array.from({ length: managers + workers }, (_, index): Node => {
      const manager = index < managers;
      return {
        name: manager ? `m${index + 1}` : `w${index - managers + 1}`,
        role: manager ? 'manager' : 'worker',
        leader: index === 0,
        ready: true,
        schedulable: true,
        address: `10.0.0.${index}`,
        labels: {},
      };
    });
    const members = places.map(([service, place], index): Member => {
      const node = nodes[place % nodes.length]!.name;
      return { id: `t${index}`, service, node, state: 'running', ready: true };
    });
    const closed = new Set(forbidden.map((index) => nodes[index % nodes.length]!.name));
    const allowed = nodes.map(({ name }) => name).filter((name) => !closed.has(name));
    return { nodes, members, allowed, seed };
  });

const nodeSelectors = fc
  .record(
    {
      running: fc.constantFrom(...SERVICES),
      role: fc.constantFrom('manager' as const, 'worker' as const),
      leader: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: [] },
  )
  .filter(({ count, share }) => count === undefined || share === undefined);

/** What was chosen, or undefined when nothing could be: refusals are an answer too. */
function attempt<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch (error) {
    assert.ok(error instanceof OperatorError);
    return undefined;
  }
}

describe('choosing nodes', () => {
  it('keeps to the allowed ones, to the selector, and to the amount', () => {
    fc.assert(
      fc.property(clusters, nodeSelectors, ({ nodes, members, allowed, seed }, selector) => {
        const fits = nodes.filter(
          ({ name, role, leader }) =>
            allowed.includes(name) &&
            (selector.role === undefined || role === selector.role) &&
            (selector.leader === undefined || leader === selector.leader) &&
            (selector.running === undefined ||
              members.some((member) => member.node === name && member.service === selector.running)),
        );
        const wanted = selector.share === undefined ? (selector.count ?? 1) : shareOf(selector.share, fits.length);
        const chosen = attempt(() => chooseNodes(worldOf(nodes, members, allowed, seed), selector));
        if (fits.length === 0 || wanted > fits.length) return assert.equal(chosen, undefined);
        const names = chosen!.map(({ node }) => node);
        assert.equal(new Set(names).size, wanted);
        assert.ok(names.every((name) => fits.some((node) => node.name === name)));
      }),
    );
  });

  it('is the same for the same seed, in whatever order the cluster lists its nodes', () => {
    fc.assert(
      fc.property(clusters, nodeSelectors, ({ nodes, members, allowed, seed }, selector) => {
        const there = attempt(() => chooseNodes(worldOf(nodes, members, allowed, seed), selector));
        const again = attempt(() =>
          chooseNodes(worldOf(nodes.toReversed(), members.toReversed(), allowed, seed), selector),
        );
        assert.deepEqual(again, there);
      }),
    );
  });

  it('reaches every node that fits, over the seeds', () => {
    const nodes = ['w1', 'w2', 'w3'].map(
      (name): Node => ({
        name,
        role: 'worker',
        leader: false,
        ready: true,
        schedulable: true,
        address: '',
        labels: {},
      }),
    );
    const chosen = Array.from({ length: 100 }, (_, seed) =>
      chooseNodes(worldOf(nodes, [], ['w1', 'w2', 'w3'], seed), {}),
    );
    assert.deepEqual([...new Set(chosen.map(([target]) => target!.node))].sort(), ['w1', 'w2', 'w3']);
  });

  it('tells why a node was refused', () => {
    const nodes: Node[] = [
      { name: 'm1', role: 'manager', leader: true, ready: true, schedulable: true, address: '', labels: {} },
    ];
    const members: Member[] = [{ id: 't1', service: 'vote', node: 'm1', state: 'running', ready: true }];
    const choose = () => chooseNodes(worldOf(nodes, members, [], 1), { running: 'vote' });
    assert.throws(choose, (error: OperatorError) => {
      assert.equal(
        error.message,
        'no node fits { running: vote }. There is: m1 (manager, leader, runs vote, not allowed)',
      );
      assert.match(error.hint!, /allow\.nodes/);
      return true;
    });
  });
});

describe('a node that no fault can be aimed at', () => {
  const unfit = 'its system is windows';
  const node = (name: string, more: Partial<Node> = {}): Node => ({
    ...{ name, role: 'worker', leader: false, ready: true, schedulable: true, address: '', labels: {} },
    ...more,
  });
  const members: Member[] = ['w1', 'win1'].map((on) => ({
    ...{ id: `vote-${on}`, service: 'vote', node: on, state: 'running', ready: true },
  }));

  it('is never chosen, and neither are its members', () => {
    const nodes = [node('w1'), node('win1', { unfit })];
    for (let seed = 0; seed < 20; seed += 1) {
      const world = worldOf(nodes, members, ['w1', 'win1'], seed);
      assert.deepEqual(
        [chooseNodes(world, { role: 'worker' })[0]!.node, chooseMembers(world, { service: 'vote' })[0]!.node],
        ['w1', 'w1'],
      );
    }
  });

  it('is refused by name, with the reason', () => {
    const world = worldOf([node('win1', { unfit })], members, ['win1'], 1);
    assert.throws(
      () => chooseNodes(world, { name: 'win1' }),
      /win1 \(worker, runs vote, no target: its system is windows\)/,
    );
  });
});

describe('choosing members', () => {
  it('takes running ones of the service, on allowed nodes', () => {
    fc.assert(
      fc.property(clusters, fc.constantFrom(...SERVICES), ({ nodes, members, allowed, seed }, service) => {
        const fits = members.filter((member) => member.service === service && allowed.includes(member.node));
        const chosen = attempt(() => chooseMembers(worldOf(nodes, members, allowed, seed), { service, share: 0.5 }));
        if (fits.length === 0) return assert.equal(chosen, undefined);
        assert.equal(chosen!.length, shareOf(0.5, fits.length));
        assert.ok(chosen!.every(({ member, node }) => fits.includes(member) && member.node === node));
      }),
    );
  });

  it('does not choose one that has stopped', () => {
    const nodes: Node[] = [
      { name: 'w1', role: 'worker', leader: false, ready: true, schedulable: true, address: '', labels: {} },
    ];
    const members: Member[] = [{ id: 't1', service: 'vote', node: 'w1', state: 'stopping', ready: false }];
    assert.throws(() => chooseMembers(worldOf(nodes, members, ['w1'], 1), { service: 'vote' }), OperatorError);
  });
});

describe('a share', () => {
  it('is rounded to the nearest, halves up, and is never nothing or more than all', () => {
    assert.deepEqual(
      [shareOf(0.5, 3), shareOf(0.34, 3), shareOf(0.01, 3), shareOf(1, 3), shareOf(0, 5)],
      [2, 1, 1, 3, 1],
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 1000 }), (share, of) => {
        const count = shareOf(share, of);
        assert.ok(count >= 1 && count <= of && Math.abs(count - share * of) <= Math.max(0.5, 1 - share * of));
      }),
    );
  });
});

describe('a selector in a scenario file', () => {
  it('refuses unknown keys, an amount of nothing, and two amounts', () => {
    assert.equal(nodeSelector.safeParse({ runing: 'vote' }).success, false);
    assert.equal(nodeSelector.safeParse({ count: 0 }).success, false);
    assert.equal(nodeSelector.safeParse({ count: 1, share: '50%' }).success, false);
    assert.equal(memberSelector.safeParse({ service: 'vote', share: 0.5 }).success, false);
    assert.equal(memberSelector.safeParse({}).success, false);
    assert.deepEqual(memberSelector.parse({ service: 'vote', share: '50%', node: { role: 'worker' } }), {
      service: 'vote',
      share: 0.5,
      node: { role: 'worker' },
    });
  });
});
