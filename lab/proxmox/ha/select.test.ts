import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRules } from './rules.ts';
import { selectNode } from './select.ts';
import type { Rule, ServiceState, Services } from './state.ts';

const nodes = ['n1', 'n2', 'n3', 'n4'];
const sids = ['vm:1', 'vm:2', 'vm:3', 'ct:4'];
const node = fc.constantFrom(...nodes);
const some = (of: string[], minLength = 1) => fc.subarray(of, { minLength });

const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({
    type: fc.constant('node-affinity' as const),
    resources: some(sids),
    nodes: fc.dictionary(node, fc.nat(2), { minKeys: 1 }),
    strict: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('resource-affinity' as const),
    resources: some(sids, 2),
    affinity: fc.constantFrom('positive' as const, 'negative' as const),
  }),
);
const states: ServiceState[] = ['started', 'stopped', 'migrate', 'relocate', 'recovery', 'request_start', 'freeze'];
const services: fc.Arbitrary<Services> = fc
  .tuple(...sids.map(() => fc.record({ state: fc.constantFrom(...states), node, target: node })))
  .map((all) => Object.fromEntries(all.map((status, at) => [sids[at]!, { ...status, uid: `${at}` }])));

test('no service is sent to a node that is not online, that a strict rule forbids, or where one is that it must be apart from', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      services,
      some(nodes, 0),
      fc.constantFrom('stay' as const, 'best' as const, 'next' as const),
      fc.boolean(),
      (rules, all, online, preference, failback) => {
        const affinity = compileRules(rules, nodes);
        for (const sid of sids) {
          const chosen = selectNode(sid, { failback }, preference, { services: all, affinity, online });
          if (chosen === undefined) continue;
          assert.ok(online.includes(chosen));
          const named = affinity.nodes.get(sid);
          assert.ok(!named || named.has(chosen));
          // Who is with its own group already, or where one of that is on its way to, is not torn away from it.
          const isWithOwn = [...(affinity.together.get(sid) ?? [])].some((other) => {
            const { state, node, target } = all[other]!;
            return node === chosen || (['migrate', 'relocate'].includes(state) && target === chosen);
          });
          const inTheWay = [...(affinity.apart.get(sid) ?? [])].some(
            (other) => all[other]?.node === chosen && ['started', 'recovery', 'freeze'].includes(all[other].state),
          );
          assert.ok(!inTheWay || (isWithOwn && preference === 'stay'));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('apart is mutual, and nobody is together with and apart from the same one', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), (rules) => {
      const { together, apart } = compileRules(rules, nodes);
      for (const [sid, others] of apart) {
        for (const other of others) assert.ok(apart.get(other)?.has(sid));
        assert.ok(!others.has(sid));
        assert.ok(others.isDisjointFrom(together.get(sid) ?? new Set()));
      }
    }),
    { numRuns: 500 },
  );
});

test('fewest services first, then the name; after a failed start the node that comes next', () => {
  const all: Services = {
    'vm:1': { state: 'started', node: 'n1', uid: 'a', failed_nodes: ['n1'] },
    'vm:2': { state: 'started', node: 'n2', uid: 'b' },
  };
  const cluster = { services: all, affinity: compileRules([], nodes), online: ['n1', 'n2', 'n3'] };
  assert.equal(selectNode('vm:1', { failback: true }, 'best', cluster), 'n3');
  assert.equal(selectNode('vm:1', { failback: true }, 'stay', cluster), 'n1');
  assert.equal(selectNode('vm:1', { failback: true }, 'next', cluster), 'n3');
});
