import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from '../../faults/fault.ts';
import { type Inspection, type Member, NotOffered } from '../../platforms/platform.ts';
import { nodesOf } from '../../platforms/targets.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { seeded } from '../../units/random.ts';
import { aimAll, aimCandidates, membersHit, quorumSurvives } from './aim.ts';

function managers(count: number, reachable: number): Inspection {
  const nodes = Array.from({ length: count }, (_, index) => ({
    name: `m${index}`,
    role: 'manager' as const,
    leader: index === 0,
    ready: index < reachable,
    schedulable: true,
    address: '',
    labels: {},
  }));
  const quorum = { managers: count, reachable, needed: Math.floor(count / 2) + 1 };
  return { platform: 'swarm', versions: {}, nodes, quorum, timers: [] };
}

test('quorum: one of three may go, not two, and none when one is away already', () => {
  assert.ok(quorumSurvives(managers(3, 3), ['m0']));
  assert.ok(!quorumSurvives(managers(3, 3), ['m0', 'm1']));
  assert.ok(!quorumSurvives(managers(3, 2), ['m0']));
  assert.ok(quorumSurvives(managers(3, 2), ['m2']), 'a manager that is away already is not lost again');
  assert.ok(quorumSurvives(managers(1, 1), ['w1']));
});

test('members are counted where a fault hits, but for those on their way out', () => {
  const member = (id: string, service: string, node: string, state: Member['state'] = 'running'): Member => ({
    id,
    service,
    node,
    state,
    ready: state === 'running',
  });
  const [vote1, vote2] = [member('a', 'vote', 'w1'), member('b', 'vote', 'w1')];
  const members = [
    vote1,
    vote2,
    member('c', 'db', 'w1', 'stopping'),
    member('d', 'db', 'w2'),
    member('e', 'vote', 'w2'),
  ];
  assert.deepEqual(membersHit([{ kind: 'node', node: 'w1', why: '' }], members), { vote: 2 });
  assert.deepEqual(membersHit([{ kind: 'member', member: vote1, node: 'w1', why: '' }], members), { vote: 1 });
  assert.deepEqual(membersHit([{ kind: 'service', service: 'vote', why: '' }], members), { vote: 3 });
  assert.deepEqual(membersHit([{ kind: 'service', service: 'DNS', why: '' }], members), {});
});

/** Three workers, on which two front ends and a database of one member find a place. */
function candidates(faults: Scenario['faults'], timers: Record<string, number>) {
  const inspection: Inspection = {
    ...managers(1, 1),
    platform: 'kubernetes',
    timers: Object.entries(timers).map(([name, ms]) => ({ name, ms, source: 'read' })),
  };
  const [manager] = inspection.nodes;
  const workers = ['w1', 'w2', 'w3'].map((name) => ({ ...manager!, name, role: 'worker' as const, leader: false }));
  inspection.nodes = [{ ...manager!, schedulable: false }, ...workers];
  const world = {
    inspection,
    members: [],
    namespace: 'brownout-voting-x',
    random: seeded(1),
    allowed: () => true,
    allowedNamespace: () => true,
  } as unknown as World;
  const scenario = { faults, breaksQuorum: false } as unknown as Scenario;
  return aimCandidates(scenario, world, { vote: 2, db: 1 });
}

test('the only manager is not offered for a loss that the scenario does not ask for', () => {
  const loss = [{ fault: 'node-kill', options: { node: { role: 'manager', leader: true }, hold: 60_000 } }];
  assert.throws(
    () => candidates(loss, {}),
    (error: Error) => error instanceof NotOffered && /has one manager/.test(error.message),
  );
});

const CLUSTER = {
  'node.monitor.grace': 50_000,
  'node.monitor.period': 5000,
  'node.lease': 10_000,
  toleration: 300_000,
};
/** As in the manifests of vote, a Deployment, and db, a StatefulSet. */
const SERVICES = { 'grace.vote': 30_000, 'toleration.vote': 5000, 'probe.period.vote': 2000, 'grace.db': 30_000 };
const kill = { fault: 'node-kill', options: { node: { running: 'vote', count: 1 }, hold: 60_000 } };

test('predictions use the timers of the workload itself; those that not every placement has are marked', () => {
  const [{ expected }] = candidates([kill], { ...CLUSTER, ...SERVICES }) as [ReturnType<typeof candidates>[number]];
  assert.deepEqual(expected.get('node noticed down'), { from: 40_000, to: 55_000, always: true });
  assert.deepEqual(expected.get('replacement running'), { from: 45_300, to: 69_000, always: true });
  assert.equal(expected.get('users served again')!.always, false, 'not predicted if the database was there');
});

test('where no node takes members that is said, with each node and why', () => {
  const nodes = [
    { ...managers(1, 1).nodes[0]!, name: 'pve1', schedulable: false },
    { ...managers(1, 1).nodes[0]!, name: 'pve2', ready: false },
  ];
  for (const [those, message] of [
    [nodes, /no node takes members: pve1 \(takes none now\), pve2 \(not ready\)/],
    [[], /no node takes members: the cluster has none/],
  ] as const) {
    const inspection = { ...managers(1, 1), nodes: [...those] };
    const world = { inspection, members: [], random: seeded(1), allowed: () => true } as unknown as World;
    const scenario = { faults: [kill], breaksQuorum: false } as unknown as Scenario;
    assert.throws(() => aimCandidates(scenario, world, { vote: 2 }), { name: 'OperatorError', message });
  }
});

test('several faults at once: nothing is predicted', () => {
  const again = { fault: 'member-kill', options: { member: { service: 'vote', count: 1 } } };
  for (const { expected } of candidates([kill, again], { ...CLUSTER, ...SERVICES })) assert.equal(expected.size, 0);
});

test('two uses of one fault hit two nodes, and together they break no quorum that the scenario does not allow', () => {
  const aim = (seed: number, breaksQuorum: boolean, workers: number) => {
    const inspection = managers(3, 3);
    const [first] = inspection.nodes;
    for (let i = 0; i < workers; i++)
      inspection.nodes.push({ ...first!, name: `w${i}`, role: 'worker', leader: false });
    const world = { inspection, members: [], random: seeded(seed), allowed: () => true } as unknown as World;
    const any = { fault: 'node-kill', options: { node: { count: 1 }, hold: 60_000 } };
    return aimAll({ faults: [any, any], breaksQuorum } as unknown as Scenario, world).flatMap(({ targets }) =>
      nodesOf(targets),
    );
  };
  for (let seed = 0; seed < 50; seed++) {
    const down = aim(seed, false, 2);
    assert.equal(new Set(down).size, 2, down.join());
    assert.ok(quorumSurvives(managers(3, 3), down), down.join());
    assert.equal(new Set(aim(seed, true, 0)).size, 2);
  }
  assert.throws(() => aim(1, false, 0), { name: 'OperatorError', message: /would break the control plane's quorum/ });
});

test('a manager that is drained still votes: the only one may be, and takes no members meanwhile', () => {
  const drain = { fault: 'node-drain', options: { node: { running: 'vote' }, hold: 30_000 } };
  const inspection = managers(1, 1);
  inspection.nodes.push({ ...inspection.nodes[0]!, name: 'w1', role: 'worker', leader: false });
  const members = [{ id: 'vote.1', service: 'vote', node: 'm0', state: 'running', ready: true }];
  const world = { inspection, members, random: seeded(1), allowed: () => true } as unknown as World;
  const scenario = (fault: object) => ({ faults: [fault], breaksQuorum: false }) as unknown as Scenario;
  const [drained] = aimAll(scenario(drain), world);
  assert.deepEqual(nodesOf(drained!.targets), ['m0']);
  const [candidate] = aimCandidates(scenario(drain), world, { vote: 1 });
  assert.deepEqual([candidate!.nodes, candidate!.down, candidate!.withoutVote], [['m0', 'w1'], 1, []]);
  const killed = { ...drain, fault: 'node-kill' };
  assert.throws(
    () => aimAll(scenario(killed), world),
    (error: Error) => error instanceof NotOffered && /one manager/.test(error.message),
  );
});
