import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Timer } from '../../platforms/platform.ts';
import { sayOrder } from '../../reports/compare/say.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { type SyntheticRun, type SyntheticStream, syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';
import { compare } from './compare.ts';
import type { Comparison, Measure } from './comparison.ts';
import type { ComparedRun } from './factors.ts';
import { middle } from './statistics.ts';

interface Made {
  id: string;
  cluster?: string;
  heartbeat?: Timer;
  /** ms for which votes fail, from the fault on. */
  outage?: number;
  streams?: SyntheticStream[];
  scenario?: Partial<Scenario>;
  confirmed?: boolean;
  lost?: number;
  services?: SyntheticRun['services'];
  hold?: number;
}

function made({
  id,
  cluster = 'one',
  heartbeat,
  outage = 0,
  streams,
  scenario,
  confirmed,
  lost = 0,
  services,
  hold = 5000,
}: Made): ComparedRun {
  const trouble = outage > 0 ? [{ from: 100, to: 100 + outage, error: 'refused' as const }] : [];
  const recording = syntheticRecording({
    steady: 5000,
    hold,
    recover: 20_000,
    streams: streams ?? [{ name: 'vote', every: 100, writes: true, lost, trouble }],
    scenario: { objectives: { vote: { recovery: 10_000, lost: 0 } }, ...scenario },
    ...(confirmed === undefined ? {} : { confirmed }),
    ...(services ? { services } : {}),
    ...(heartbeat ? { inspection: { timers: [heartbeat] } } : {}),
  });
  recording.meta.id = id;
  recording.meta.cluster.name = cluster;
  return { meta: recording.meta, findings: judge(recording) };
}

const heartbeat = (ms: number, source: Timer['source'] = 'read'): Timer => ({
  name: 'dispatcher.heartbeat',
  ms,
  source,
});

function find(measures: Measure[], name: string): Measure {
  const found = measures.find((one) => one.name === name);
  assert.ok(found, `no ${name} among ${measures.map((one) => one.name).join(', ')}`);
  return found;
}

const stable = (comparison: Comparison, stream = 'vote') =>
  find(comparison.streams.find((one) => one.stream === stream)!.measures, 'stable').summaries;

test('runs that were asked the same of the same cluster are one set-up, with every run and the median', () => {
  const comparison = compare([
    made({ id: 'r1', outage: 2000 }),
    made({ id: 'r2', outage: 6000 }),
    made({ id: 'r3', outage: 4000 }),
  ]);
  assert.deepEqual(
    comparison.setUps.map(({ label, runs }) => [label, runs.map(({ run }) => run)]),
    [['one', ['r1', 'r2', 'r3']]],
  );
  assert.deepEqual(comparison.differences, []);
  const [summary] = stable(comparison);
  assert.equal(summary!.n, 3);
  assert.deepEqual(
    summary!.points.map(({ run }) => run),
    ['r1', 'r2', 'r3'],
  );
  assert.equal(summary!.median.value, summary!.points[2]!.value);
  assert.equal(summary!.interval, undefined, 'three runs carry no interval');
});

test('a run that was probed from further places as well was asked more, and is a set-up of its own', () => {
  const [here, there] = ['a', 'b'].map((id) => made({ id, outage: 2000 })) as [ComparedRun, ComparedRun];
  there.meta.vantages = { outside: 'ssh ops@w1', inside: 'ssh ops@w2' };
  const { setUps, differences } = compare([here, there]);
  assert.equal(setUps.length, 2);
  assert.deepEqual(differences, [{ group: 'asked', name: 'also probed from', values: [undefined, 'inside, outside'] }]);
});

test('a timer that differs makes two set-ups, and is all that is shown to differ; whether it was read does not', () => {
  const comparison = compare([
    made({ id: 'a', heartbeat: heartbeat(5000) }),
    made({ id: 'b', heartbeat: heartbeat(1000) }),
    made({ id: 'c', heartbeat: heartbeat(5000, 'assumed') }),
  ]);
  assert.deepEqual(
    comparison.setUps.map(({ runs }) => runs.map(({ run }) => run)),
    [['a', 'c'], ['b']],
  );
  assert.deepEqual(comparison.differences, [
    { group: 'cluster', name: 'timer dispatcher.heartbeat', values: ['5 s (read)', '1 s (read)'] },
  ]);
  assert.deepEqual(
    comparison.setUps.map(({ label }) => label),
    ['one, timer dispatcher.heartbeat 5 s', 'one, timer dispatcher.heartbeat 1 s'],
  );
});

test('of two platforms the timers differ that their predictions rest on; the others stand apart', () => {
  const rest = made({ id: 'b', cluster: 'two' });
  rest.findings.configuration = [
    { group: 'timer', name: 'node.monitor.grace', value: '50 s', source: 'read' },
    { group: 'timer', name: 'leader.lease', value: '15 s', source: 'read' },
  ];
  rest.findings.predictions = [
    {
      moment: 'node noticed down',
      what: 'the node is noticed',
      formula: 'G',
      timers: { 'node.monitor.grace': { ms: 50_000, source: 'read' } },
      window: { from: 40_000, to: 55_000 },
      measured: { ms: 42_000 },
      holds: true,
    },
  ];
  const { differences, partly, predictions } = compare([made({ id: 'a', heartbeat: heartbeat(5000) }), rest]);
  const names = (rows: { name: string }[]) => rows.map(({ name }) => name).filter((name) => name.startsWith('timer'));
  assert.deepEqual(names(differences), ['timer dispatcher.heartbeat', 'timer node.monitor.grace']);
  assert.deepEqual(names(partly), ['timer leader.lease']);
  const noticed = predictions.find(({ moment }) => moment === 'node noticed down')!;
  assert.deepEqual(
    noticed.windows.map((runs) => runs.map(({ window }) => window)),
    [[{ from: 9000, to: 16_500 }], [{ from: 40_000, to: 55_000 }]],
  );
});

test('six runs carry an interval around the median', () => {
  const runs = [1000, 2000, 3000, 4000, 5000, 6000].map((outage, i) => made({ id: `r${i}`, outage }));
  const [summary] = stable(compare(runs));
  const { from, to } = summary!.interval!;
  assert.ok(from <= summary!.median.value! && summary!.median.value! <= to!);
});

test('an outage of a request or two is no headline, and lasted all the same', () => {
  const short = { name: 'vote', every: 200, trouble: [{ from: 2000, to: 2300, error: 'refused' as const }] };
  const { streams } = compare([made({ id: 'a', streams: [short] })]);
  const { median } = find(streams[0]!.measures, 'longest outage').summaries[0]!;
  assert.ok(median.value! > 0 && median.value! <= 700, JSON.stringify(median));
});

test('a run that never recovered is censored: neither left out nor taken for what was seen', () => {
  const [half] = stable(compare([made({ id: 'a', outage: 2000 }), made({ id: 'b', outage: 100_000 })]));
  assert.equal(half!.n, 2);
  assert.equal(half!.median.value, undefined);
  assert.ok(half!.median.beyond! > half!.points[0]!.value!);
  const [third] = stable(
    compare([made({ id: 'a', outage: 2000 }), made({ id: 'b', outage: 100_000 }), made({ id: 'c', outage: 3000 })]),
  );
  assert.equal(third!.median.value, third!.points[2]!.value);
});

test('a run that proves nothing is shown, and counts for nothing', () => {
  const comparison = compare([
    made({ id: 'a', outage: 2000 }),
    made({ id: 'b', outage: 6000, confirmed: false }),
    made({ id: 'c', outage: 3000 }),
  ]);
  const [summary] = stable(comparison);
  assert.deepEqual(
    summary!.points.map(({ counted }) => counted),
    [true, false, true],
  );
  assert.ok(summary!.points[1]!.value! > 5000);
  assert.equal(summary!.n, 2);
  assert.equal(summary!.median.value, middle([summary!.points[0]!.value!, summary!.points[2]!.value!]));
  assert.deepEqual(
    comparison.setUps[0]!.runs[1]!.against.map(({ what }) => what),
    ['fault confirmed'],
  );
});

test('the fastest is named, but what is unknown is never ranked', () => {
  const comparison = compare([
    made({ id: 'slow', cluster: 'slow', outage: 6000 }),
    made({ id: 'void', cluster: 'void', outage: 1000, confirmed: false }),
    made({ id: 'fast', cluster: 'fast', outage: 2000 }),
    // Watched for less time than the objective allows: whether it met it is not known.
    made({
      id: 'short',
      cluster: 'short',
      outage: 100_000,
      scenario: { objectives: { vote: { recovery: 60_000 } } },
    }),
  ]);
  const recovery = comparison.orders.find(({ name }) => name === 'recovery')!;
  assert.deepEqual(recovery.groups, [[2], [0]]);
  assert.deepEqual(
    recovery.unranked.map(({ setUp }) => setUp),
    [1, 3],
  );
});

test('a recovery after healing is ranked beside that from the fault, and told only where there was one', () => {
  const hold = 15_000;
  const healed = hold + 200;
  const again = (length: number) => [
    { name: 'vote', every: 100, trouble: [{ from: healed + 500, to: healed + length, error: 'refused' as const }] },
  ];
  const quiet = made({ id: 'quiet', cluster: 'quiet', hold });
  const disturbed = made({ id: 'disturbed', cluster: 'disturbed', streams: again(6000), hold });
  const { orders, overall } = compare([disturbed, quiet]);
  assert.deepEqual(orders.find(({ name }) => name === 'recovery')!.groups, [[0, 1]]);
  assert.deepEqual(orders.find(({ name }) => name === 'recovery after healing')!.groups, [[1], [0]]);
  const { summaries } = find(overall, 'recovery after healing');
  assert.equal(summaries[1]!.median.value, 0);
  assert.ok(Math.abs(summaries[0]!.median.value! - 6000) < 200, `${summaries[0]!.median.value}`);

  const names = compare([quiet, made({ id: 'too', cluster: 'two', hold })]).overall.map(({ name }) => name);
  assert.ok(!names.includes('recovery after healing'));
});

test('who had not recovered before the healing is in no order of recoveries after it, and how long is the longest that is known', () => {
  const never = { name: 'vote', every: 100, trouble: [{ from: 100, to: 900_000, error: 'refused' as const }] };
  const brief = { name: 'file', every: 100, trouble: [{ from: 100, to: 4000, error: 'refused' as const }] };
  const dark = made({ id: 'dark', cluster: 'dark', streams: [brief, never], hold: 15_000 });
  const again = [{ name: 'vote', every: 100, trouble: [{ from: 16_000, to: 18_000, error: 'refused' as const }] }];
  const { orders, overall } = compare([
    dark,
    made({ id: 'again', cluster: 'again', streams: [brief, ...again], hold: 15_000 }),
  ]);
  const after = orders.find(({ name }) => name === 'recovery after healing');
  assert.deepEqual(
    after?.unranked.map(({ setUp }) => setUp),
    [0],
  );
  assert.ok(find(overall, 'recovery').summaries[0]!.points[0]!.beyond! > 24_000);
});

test('set-ups whose runs overlap are ranked in one group', () => {
  const comparison = compare([
    made({ id: 'a1', cluster: 'a', outage: 2000 }),
    made({ id: 'a2', cluster: 'a', outage: 6000 }),
    made({ id: 'b1', cluster: 'b', outage: 4000 }),
  ]);
  const recovery = comparison.orders.find(({ name }) => name === 'recovery')!;
  assert.deepEqual([recovery.groups, recovery.apart], [[[0, 1]], []]);
});

test('set-ups that a third one lies across are told apart all the same', () => {
  const comparison = compare([
    made({ id: 'a', cluster: 'a', outage: 2000 }),
    made({ id: 'b1', cluster: 'b', outage: 1500 }),
    made({ id: 'b2', cluster: 'b', outage: 9000 }),
    made({ id: 'c', cluster: 'c', outage: 7000 }),
  ]);
  const recovery = comparison.orders.find(({ name }) => name === 'recovery')!;
  assert.deepEqual(
    recovery.groups.map((group) => group.toSorted()),
    [[0, 1, 2]],
  );
  assert.deepEqual(recovery.apart, [[0, 2]]);
  const measure = comparison.overall.find(({ name }) => name === 'recovery')!;
  assert.match(sayOrder(recovery, measure, comparison.setUps), /of which only A before C/);
});

test('runs of which answers count by other limits are no repetitions of one another', () => {
  const within = (p95: number) => ({ objectives: { vote: { p95 } } });
  const one = (id: string, p95: number) => made({ id, cluster: 'a', outage: 2000, scenario: within(p95) });
  assert.equal(compare([one('a', 20), one('b', 20)]).setUps.length, 1);
  assert.equal(compare([one('a', 20), one('b', 40)]).setUps.length, 2);
});

test('runs that were asked different things stand side by side where both have numbers, and in no order', () => {
  const comparison = compare([
    made({ id: 'a', outage: 2000 }),
    made({
      id: 'b',
      scenario: { faults: [{ fault: 'node-drain', options: { hold: 5000 } }] },
      streams: [{ name: 'page', every: 100 }],
    }),
  ]);
  assert.equal(comparison.sameScenario, false);
  assert.deepEqual(comparison.orders, []);
  assert.deepEqual(comparison.differences.find(({ name }) => name === 'fault')!.values, ['node-kill', 'node-drain']);
  assert.equal(stable(comparison)[1]!.points[0]!.value, undefined);
  assert.equal(stable(comparison)[1]!.observed, 0);
  assert.equal(stable(comparison, 'page')[1]!.median.value, 0);
});

test('other objectives change verdicts and no number: the runs stay one set-up, and it is said', () => {
  const strict = { objectives: { vote: { recovery: 1000, lost: 0 } } };
  const comparison = compare([made({ id: 'a', outage: 2000 }), made({ id: 'b', outage: 3000, scenario: strict })]);
  assert.equal(comparison.setUps.length, 1);
  assert.equal(comparison.setUps[0]!.judgedAlike, false);
});

test('a neighbour without limits is paired with the same one with limits, and what else differs is listed', () => {
  const noisy = (id: string, kind: string, limits: boolean, more: Partial<Made> = {}) => {
    const options = { kind, limits, node: { running: 'vote' }, hold: 5000 };
    return made({ id, ...more, scenario: { faults: [{ fault: 'namespace-dos', options }], ...more.scenario } });
  };
  const { contrasts } = compare([
    noisy('a', 'cpu', false, { outage: 3000 }),
    noisy('b', 'cpu', true),
    noisy('c', 'memory', true),
    noisy('d', 'cpu', true, { scenario: { steady: 4000 } }),
    noisy('e', 'cpu', true, { cluster: 'two' }),
  ]);
  assert.deepEqual(
    contrasts.map(({ kind, without, remedied, besides }) => [kind, without, remedied, besides.map(({ name }) => name)]),
    [
      ['cpu', 0, 1, []],
      ['cpu', 0, 3, ['steady']],
    ],
  );
  assert.deepEqual(contrasts[0]!.remedy, [{ group: 'asked', name: 'namespace-dos limits', values: ['false', 'true'] }]);
});

test('a neighbour that comes with another fault is paired where that is the same fault', () => {
  const both = (id: string, limits: boolean, patience: number): ComparedRun => {
    const options = { kind: 'quota', limits, node: { running: 'vote' }, hold: 5000 };
    const faults = [
      { fault: 'namespace-dos', options },
      { fault: 'pod-eviction', options: { member: { service: 'vote' }, patience } },
    ];
    return made({ id, scenario: { faults } });
  };
  const { contrasts } = compare([both('a', false, 1000), both('b', true, 1000), both('c', true, 2000)]);
  assert.deepEqual(
    contrasts.map(({ without, remedied, remedy, besides }) => [without, remedied, remedy, besides]),
    [[0, 1, [{ group: 'asked', name: '1. namespace-dos limits', values: ['false', 'true'] }], []]],
  );
});

test('runs whose target ran other services do not share a median', () => {
  const { setUps, differences } = compare([
    made({ id: 'a', services: { vote: 1 } }),
    made({ id: 'b', services: { db: 1, vote: 1 } }),
    made({ id: 'c', services: { vote: 1 } }),
    made({ id: 'd', services: 'not recorded' }),
  ]);
  assert.deepEqual(
    setUps.map(({ runs }) => runs.map(({ run }) => run)),
    [['a', 'c'], ['b'], ['d']],
  );
  assert.deepEqual(differences, [
    {
      group: 'cluster',
      name: 'members on the target',
      values: ['vote 1 of 2', 'db 1 of 1, vote 1 of 2', undefined],
    },
  ]);
});

test('lost writes are counted by run, and those that could not be read back are not known', () => {
  const unread = made({ id: 'c' });
  unread.findings.durability[0]!.unknown = 'the database is gone';
  const queued = made({ id: 'd', lost: 3 });
  queued.findings.durability[0]!.backlog = { waited: 1000, left: 2 };
  const { durability, overall } = compare([made({ id: 'a' }), made({ id: 'b', lost: 2 }), unread, queued]);
  for (const measure of [find(durability[0]!.measures, 'lost'), find(overall, 'lost')]) {
    const [summary] = measure.summaries;
    assert.deepEqual(
      summary!.points.map(({ value }) => value),
      [0, 2, undefined, 3],
    );
    assert.deepEqual(summary!.points[3]!.bracket, { from: 1, to: 3 }, 'what is still queued may yet come');
    assert.equal(summary!.observed, 3);
    assert.deepEqual(summary!.median, {}, 'no median of what is not known of each run');
  }
});

test('labels are distinct for all set-ups, and the order of runs changes no median', () => {
  const clusters = ['one', 'two'];
  const pool = clusters.flatMap((cluster) =>
    (['as-is', 'hardened'] as const).flatMap((variant) =>
      [1000, 5000].flatMap((ms) =>
        [1, 2].map((i) =>
          made({
            id: `${cluster}-${variant}-${ms}-${i}`,
            cluster,
            heartbeat: heartbeat(ms),
            outage: ms + i * 300,
            scenario: { variant },
          }),
        ),
      ),
    ),
  );
  fc.assert(
    fc.property(fc.shuffledSubarray(pool, { minLength: 1 }), (runs) => {
      const shown = compare(runs);
      const labels = shown.setUps.map(({ label }) => label);
      assert.equal(new Set(labels).size, labels.length, labels.join(' | '));
      const medians = (comparison: Comparison) =>
        comparison.setUps.map((setUp, i) => [
          setUp.runs
            .map(({ run }) => run)
            .sort()
            .join(),
          stable(comparison)[i]!.median.value,
        ]);
      const sorted = compare(runs.toSorted((a, b) => (a.meta.id < b.meta.id ? -1 : 1)));
      assert.deepEqual(medians(shown).sort(), medians(sorted).sort());
    }),
    { numRuns: 20 },
  );
});

test('a recording in which nothing was injected can be compared', () => {
  const nothing = made({ id: 'a' });
  Object.assign(nothing.findings, { t0: undefined, streams: [], split: [], durability: [], predictions: [], bins: [] });
  nothing.findings.checks = [
    { kind: 'fault-confirmed', verdict: 'unknown', what: 'fault confirmed', observed: 'none', wanted: 'proof' },
  ];
  const comparison = compare([nothing, made({ id: 'b', cluster: 'two' })]);
  assert.equal(comparison.setUps[0]!.runs[0]!.counted, false);
  assert.deepEqual(comparison.setUps[0]!.runs[0]!.timeline, []);
  assert.ok(!JSON.stringify(comparison).includes('null'), 'every number is one');
});
