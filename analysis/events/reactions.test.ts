import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformEvent } from '../../platforms/platform.ts';
import { nodeKillRecording, type SyntheticRun, syntheticRecording } from '../../tests/made-up/synthetic.ts';
import type { Findings } from '../findings.ts';
import { judge } from '../judge.ts';

const stepOf = ({ split }: Findings, step: string) => split.find((one) => one.step === step)?.mark;

type Trouble = NonNullable<SyntheticRun['streams'][number]['trouble']>[number];
type SyntheticEvent = NonNullable<SyntheticRun['platform']>[number];

const platformEvent = (at: number, kind: PlatformEvent['kind'], more: Partial<PlatformEvent> = {}): SyntheticEvent => ({
  at,
  event: { kind, text: `${kind} ${more.service ?? more.node ?? ''}`.trim(), ...more },
});

function judged(platform: SyntheticEvent[], options: Partial<SyntheticRun> = {}): Findings {
  return judge(syntheticRecording({ hold: 30_000, streams: [{ name: 'vote' }], ...options, platform }));
}

const predictionOf = (findings: Findings, what: RegExp) => findings.predictions.find((one) => what.test(one.what))!;

test('the split shows where the time went, in the order of recovery', () => {
  const { split, ttd } = judge(nodeKillRecording());
  assert.deepEqual(
    split.map(({ step, mark }) => [step, Math.round((mark.ms ?? -1) / 100) / 10]),
    [
      ['fault confirmed', 0.3],
      ['first failure', 0.3],
      ['platform noticed', 13.1],
      ['rescheduled', 13.2],
      ['started', 21.2],
      ['first success', 21.4],
      ['stable', 22.5],
    ],
  );
  assert.equal(ttd.ms, 13_100);
});

test('a step that was not seen stays in the split, empty', () => {
  const { split, ttd } = judged([]);
  assert.equal(split.length, 7);
  assert.deepEqual(split.find(({ step }) => step === 'rescheduled')?.mark, {});
  assert.equal(ttd.beyond, 30_200);
});

test('a replacement is not ready before it was scheduled, however long nobody heard of it', () => {
  const { split } = judged([
    platformEvent(1000, 'node-down', { node: 'w1' }),
    platformEvent(12_000, 'member-scheduled', { service: 'vote', member: 'vote.9', node: 'w2', unseenFor: 500 }),
    platformEvent(12_000, 'member-ready', { service: 'vote', member: 'vote.9', node: 'w2', unseenFor: 12_000 }),
  ]);
  const started = split.find(({ step }) => step === 'started')?.mark;
  assert.deepEqual(started, split.find(({ step }) => step === 'rescheduled')?.mark);
  assert.ok(started!.bracket!.to - started!.bracket!.from < 1000);
});

test('a few silences after the node was left out are the tail that conntrack makes', () => {
  const down = platformEvent(5000, 'node-down', { node: 'w1' });
  const outage = { from: 0, to: 5500, error: 'timeout', share: 0.5 } as const;
  const tail = (share: number, error: 'timeout' | 'refused' = 'timeout', connection: 'new' | 'reused' = 'new') => {
    const trouble = [outage, { from: 6500, to: 25_000, error, share }];
    const recording = syntheticRecording({ hold: 30_000, streams: [{ name: 'vote', trouble }], platform: [down] });
    for (const { spec } of recording.streams) spec.connection = connection;
    return judge(recording).split.find(({ step }) => step === 'last stale connection');
  };
  const seen = tail(0.02)!;
  assert.ok(seen.mark.ms! > 20_000 && seen.mark.ms! < 27_000);
  assert.match(seen.from, /^vote: \d+ of \d+ new connections/);
  assert.equal(tail(0), undefined);
  assert.equal(tail(0.5), undefined, 'that is an outage');
  assert.equal(tail(0.02, 'refused'), undefined, 'somebody answered');
  assert.equal(tail(0.02, 'timeout', 'reused'), undefined);
});

test('only where a node died, only since that node was left out, and only one by one, are they its tail', () => {
  const outage = { from: 0, to: 5500, error: 'timeout', share: 0.5 } as const;
  const lone = { from: 12_000, to: 12_050, error: 'timeout' } as const;
  const tail = (node: string, fault = 'node-kill', options = {}, trouble: Trouble[] = [lone]) => {
    const findings = judged([platformEvent(5000, 'node-down', { node })], {
      streams: [{ name: 'vote', trouble: [outage, ...trouble] }],
      scenario: { faults: [{ fault, options }] },
    });
    return findings.split.some(({ step }) => step === 'last stale connection');
  };
  assert.equal(tail('w1'), true);
  assert.equal(tail('w1', 'node-partition'), true);
  assert.equal(tail('w2'), false, 'another node');
  assert.equal(tail('w1', 'node-partition', { from: 'control-plane' }), false, 'nobody is dead');
  assert.equal(tail('w1', 'kubelet-stop'), false);
  assert.equal(tail('w1', 'node-kill', {}, [{ from: 12_000, to: 12_500, error: 'timeout' }]), false, 'an outage');
});

test('users who wait for entries of conntrack are not laid at the door of the application', () => {
  const users = (trouble: Trouble[]) =>
    predictionOf(
      judged([platformEvent(5000, 'node-down', { node: 'w1' })], {
        hold: 60_000,
        streams: [{ name: 'vote', trouble }],
      }),
      /users/,
    );
  const lone = (at: number): Trouble => ({ from: at, to: at + 50, error: 'timeout' });
  const tail = [12_000, 20_000, 29_000, 38_000].map(lone);
  const late = users([{ from: 0, to: 5500, error: 'timeout' }, ...tail]);
  assert.ok(late.measured.ms! > late.window.to);
  assert.equal(late.holds, undefined);
  assert.match(late.note!, /conntrack.*120 s/s);
  const both = users([{ from: 0, to: 10_000, error: 'timeout' }, ...tail]);
  assert.equal(both.holds, false, 'an outage lasted for longer, too');
  assert.match(both.note!, /application/);
});

test('users who were served again because the fault was healed say nothing about the platform', () => {
  const users = (hold: number, to = 6000) =>
    predictionOf(
      judged([], { hold, streams: [{ name: 'vote', trouble: [{ from: 100, to, error: 'refused' }] }] }),
      /users/,
    );
  const healed = users(5000);
  assert.ok(healed.measured.ms! < healed.window.to);
  assert.equal(healed.holds, undefined);
  assert.match(healed.note!, /watched for 5\.2 s only/);
  assert.equal(users(7000).holds, true);
  assert.equal(users(5000, 4000).holds, true);
  assert.equal(users(5000, 100_000).holds, undefined, 'nor when healing did not help');
});

test('what comes before the fault or after the healing is no reaction to the fault', () => {
  const { ttd } = judged([
    platformEvent(-500, 'node-down', { node: 'w1' }),
    platformEvent(31_000, 'member-scheduled', { service: 'vote' }),
  ]);
  assert.equal(ttd.ms, undefined);
});

test('an event during lost contact may have happened at any time of the gap, and is told as seen at its end, unless it has a timestamp', () => {
  const wall = (sinceT0: number) =>
    syntheticRecording({ streams: [{ name: 'vote' }] }).meta.origin.wall + 12_000 + sinceT0;
  const down = (more: Partial<PlatformEvent>) =>
    judged([platformEvent(25_000, 'node-down', { node: 'w1', ...more })]).ttd;
  assert.deepEqual(down({ unseenFor: 21_000 }), { ms: 25_000, bracket: { from: 3800, to: 25_000 } });
  assert.deepEqual(down({ unseenFor: 21_000, wall: wall(9000) }), { ms: 9000, bracket: { from: 8800, to: 25_000 } });
  // Nothing was heard since the fault: that it was noticed at once would be a guess.
  assert.deepEqual(down({ unseenFor: 29_000 }), { ms: 25_000, bracket: { from: 0, to: 25_000 } });
});

test('losing sight of the control plane is not the platform noticing', () => {
  const events = [platformEvent(100, 'control-plane-lost'), platformEvent(9000, 'leader-changed')];
  const killed = (node: string) => judged(events, { targets: [[{ kind: 'node', node, why: '' }]] }).ttd.ms;
  assert.equal(killed('m1'), 9000);
  assert.equal(killed('w1'), undefined, 'the leader lives: that another was elected has another reason');
});

const CRASH_ELSEWHERE = [
  platformEvent(6200, 'member-failed', { service: 'worker', node: 'w3', member: 'worker-1:c3e4fd76' }),
  platformEvent(6260, 'member-scheduled', { service: 'worker', node: 'w3', member: 'worker-1:c3e4fd76#1' }),
  platformEvent(6270, 'member-ready', { service: 'worker', node: 'w3', member: 'worker-1:c3e4fd76#1' }),
];

test('a crash elsewhere is no reaction to the death of a node', () => {
  const events = [...CRASH_ELSEWHERE, platformEvent(47_200, 'node-down', { node: 'w1' })];
  for (const services of [{ redis: 1, db: 1 }, 'not recorded'] as const) {
    const findings = judged(events, { hold: 60_000, services });
    assert.equal(findings.ttd.ms, 47_200);
    assert.equal(stepOf(findings, 'platform noticed')?.ms, 47_200);
    assert.deepEqual(stepOf(findings, 'rescheduled'), {});
    assert.deepEqual(stepOf(findings, 'started'), {});
  }
});

test('nor is it where the service also had a member on the node', () => {
  const findings = judged(
    [
      platformEvent(3000, 'member-failed', { service: 'vote', node: 'w2', member: 'vote-2:22222222' }),
      platformEvent(3100, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-2:22222222#1' }),
      platformEvent(13_000, 'node-down', { node: 'w1' }),
      platformEvent(13_200, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-3:33333333' }),
      platformEvent(14_000, 'member-ready', { service: 'vote', node: 'w2', member: 'vote-2:22222222#1' }),
      platformEvent(20_000, 'member-ready', { service: 'vote', node: 'w2', member: 'vote-3:33333333' }),
    ],
    { services: { vote: 1 } },
  );
  assert.equal(findings.ttd.ms, 13_000);
  assert.equal(stepOf(findings, 'rescheduled')?.ms, 13_200);
  assert.equal(stepOf(findings, 'started')?.ms, 20_000, 'the replacement, not whoever was ready first');
});

test('a replacement that crashes, and is started again, is the replacement all the same', () => {
  const findings = judged([
    platformEvent(13_000, 'node-down', { node: 'w1' }),
    platformEvent(13_200, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-3:33333333' }),
    platformEvent(14_000, 'member-failed', { service: 'vote', node: 'w2', member: 'vote-3:33333333' }),
    platformEvent(15_000, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-3:33333333#1' }),
    platformEvent(16_000, 'member-ready', { service: 'vote', node: 'w2', member: 'vote-3:33333333#1' }),
  ]);
  assert.equal(stepOf(findings, 'started')?.ms, 16_000);
});

test('what a node lost and is not given back elsewhere has no replacement, and is predicted all the same', () => {
  const findings = judged([platformEvent(12_000, 'node-down', { node: 'w1' })], {
    hold: 60_000,
    services: { vote: 1, db: 1 },
  });
  const replaced = predictionOf(findings, /replacements/);
  assert.match(replaced.what, /vote, db/);
  assert.equal(replaced.holds, false);
  assert.equal(replaced.measured.beyond, 60_200);
  const half = judged(
    [
      platformEvent(12_000, 'node-down', { node: 'w1' }),
      platformEvent(12_200, 'member-scheduled', { service: 'vote', node: 'w2', member: 'b' }),
      platformEvent(19_000, 'member-ready', { service: 'vote', node: 'w2', member: 'b' }),
    ],
    { hold: 60_000, services: { vote: 1, db: 1 } },
  );
  assert.equal(predictionOf(half, /replacements/).measured.ms, undefined);
});

test('of a StatefulSet on a dead node no recovery is promised', () => {
  const timers = [
    'grace.db',
    'grace.vote',
    'toleration.vote',
    'node.monitor.grace',
    'node.monitor.period',
    'node.lease',
  ];
  const inspection = {
    platform: 'kubernetes' as const,
    timers: timers.map((name) => ({ name, ms: 5000, source: 'read' as const })),
  };
  const events = [
    platformEvent(6000, 'node-down', { node: 'w1' }),
    platformEvent(11_000, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-3:33333333' }),
  ];
  const moments = (services: SyntheticRun['services']) =>
    judged(events, { inspection, services }).predictions.map(({ moment }) => moment);
  assert.match(judged(events, { inspection, services: 'not recorded' }).unpredicted!, /of users/);
  assert.deepEqual(moments({ vote: 1 }), ['node noticed down', 'replacement running', 'users served again']);
  assert.deepEqual(moments({ vote: 1, db: 1 }), ['node noticed down', 'replacement running']);
  assert.deepEqual(
    moments('not recorded'),
    ['node noticed down', 'replacement running'],
    'a StatefulSet may have been there',
  );
});

test('replacements have started when the last one has', () => {
  const events = [
    platformEvent(13_000, 'node-down', { node: 'w1' }),
    platformEvent(13_100, 'member-scheduled', { service: 'vote', node: 'w2', member: 'a' }),
    platformEvent(13_100, 'member-scheduled', { service: 'db', node: 'w2', member: 'b' }),
    platformEvent(15_000, 'member-ready', { service: 'vote', node: 'w2', member: 'a' }),
  ];
  const services = { vote: 1, db: 1 };
  assert.deepEqual(stepOf(judged(events, { services }), 'started'), {});
  const last = platformEvent(20_000, 'member-ready', { service: 'db', node: 'w2', member: 'b' });
  assert.equal(stepOf(judged([...events, last], { services }), 'started')?.ms, 20_000);
});

test('a member that was killed is started again in its place, and nowhere else', () => {
  const member = { id: 'vote-1:11111111', service: 'vote', node: 'w1', state: 'running' as const, ready: true };
  const findings = judged(
    [
      platformEvent(200, 'member-failed', { service: 'vote', node: 'w2', member: 'vote-2:22222222' }),
      platformEvent(300, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-2:22222222#1' }),
      platformEvent(500, 'member-failed', { service: 'vote', node: 'w1', member: 'vote-1:11111111' }),
      platformEvent(1000, 'member-scheduled', { service: 'vote', node: 'w1', member: 'vote-1:11111111#1' }),
      platformEvent(1600, 'member-ready', { service: 'vote', node: 'w1', member: 'vote-1:11111111#1' }),
    ],
    {
      targets: [[{ kind: 'member', member, node: 'w1', why: '' }]],
      scenario: { faults: [{ fault: 'member-kill', options: {} }] },
    },
  );
  assert.equal(findings.ttd.ms, 500);
  assert.equal(stepOf(findings, 'rescheduled')?.ms, 1000);
  assert.equal(stepOf(findings, 'started')?.ms, 1600);
});

test('without known targets, the fault is not reported as unnoticed', () => {
  const { ttd, predictions } = judged([platformEvent(9000, 'node-down', { node: 'w1' })], { targets: [] });
  assert.deepEqual(ttd, {});
  assert.deepEqual(predictions, []);
});

test('a service that is rolled over has new members', () => {
  const findings = judged(
    [platformEvent(400, 'member-scheduled', { service: 'vote', node: 'w2', member: 'vote-9:99999999' })],
    {
      targets: [[{ kind: 'service', service: 'vote', why: '' }]],
      scenario: { faults: [{ fault: 'rollout', options: {} }] },
      services: { vote: 2 },
    },
  );
  assert.equal(findings.ttd.ms, 400);
});

test('with several faults nothing is predicted, and it is said why', () => {
  const faults = [
    { fault: 'node-kill', options: {} },
    { fault: 'member-kill', options: {} },
  ];
  const findings = judged([platformEvent(12_900, 'node-down', { node: 'w1' })], { scenario: { faults } });
  assert.deepEqual(findings.predictions, []);
  assert.match(findings.unpredicted!, /2 faults/);
  assert.equal(judged([]).unpredicted, undefined);
});

test("the platform's own clock narrows when, unless it cannot be right", () => {
  const recording = syntheticRecording({ streams: [{ name: 'vote' }] });
  const wall = (sinceT0: number) => recording.meta.origin.wall + 12_000 + sinceT0;
  const mark = (at: number, clock: number) =>
    judged([platformEvent(at, 'node-down', { node: 'w1', wall: wall(clock) })]).ttd;
  assert.deepEqual(mark(12_000, 11_000), { ms: 11_000, bracket: { from: 10_800, to: 12_000 } });
  assert.equal(judged([platformEvent(80_000, 'node-down', { wall: wall(11_000) })], { hold: 90_000 }).ttd.ms, 80_000);
  for (const wrong of [12_500, -3000, -3_600_000]) assert.equal(mark(12_000, wrong).ms, 12_000);
});

test('a restart loop does not move the replacement', () => {
  const findings = judged([
    platformEvent(13_000, 'node-down', { node: 'w1' }),
    platformEvent(13_100, 'member-scheduled', { service: 'vote' }),
    platformEvent(20_000, 'member-ready', { service: 'vote' }),
    platformEvent(22_000, 'member-failed', { service: 'vote' }),
    platformEvent(22_100, 'member-scheduled', { service: 'vote' }),
    platformEvent(28_000, 'member-ready', { service: 'vote' }),
  ]);
  assert.equal(findings.split.find(({ step }) => step === 'started')?.mark.ms, 20_000);
});

test('a prediction holds what falls into its window, and explains what does not', () => {
  const scheduled = platformEvent(13_000, 'member-scheduled', { service: 'vote' });
  const findings = judged([
    platformEvent(12_900, 'node-down', { node: 'w1' }),
    scheduled,
    platformEvent(20_500, 'member-ready', { service: 'vote' }),
  ]);
  for (const what of [/notices/, /replacements/, /users/]) {
    assert.equal(predictionOf(findings, what).holds, true);
    assert.equal(predictionOf(findings, what).note, undefined);
  }
  const late = judged([
    platformEvent(19_000, 'node-down', { node: 'w1' }),
    platformEvent(19_100, 'member-scheduled', { service: 'vote' }),
  ]);
  assert.equal(predictionOf(late, /notices/).holds, false);
  assert.match(predictionOf(late, /notices/).note!, /Later than heartbeats tell/);
  assert.equal(predictionOf(late, /replacements/).holds, false);
});

test('another node that goes down is not the target', () => {
  const findings = judged([platformEvent(3000, 'node-down', { node: 'w2' })]);
  assert.equal(predictionOf(findings, /notices/).measured.ms, undefined);
});

test('a fault that lasts for less than the predicted window does not check the prediction', () => {
  const findings = judged([], { hold: 5000 });
  const noticed = predictionOf(findings, /notices/);
  assert.equal(noticed.holds, undefined);
  assert.match(noticed.note!, /watched for 5\.2 s only/);
});

test('users who wait longer than the platform are explained by the application', () => {
  const findings = judged(
    [
      platformEvent(13_000, 'member-scheduled', { service: 'vote' }),
      platformEvent(20_000, 'member-ready', { service: 'vote' }),
    ],
    { streams: [{ name: 'vote', trouble: [{ from: 100, to: 40_000, error: 'status' }] }] },
  );
  const users = predictionOf(findings, /users/);
  assert.equal(users.holds, false);
  assert.match(users.note!, /replacements ran after 20 s, and on vote requests still failed/);
  const trouble = [
    { from: 100, to: 3000, error: 'status' as const },
    { from: 3000, to: 25_000, takes: 90 },
  ];
  const slow = predictionOf(judged([], { streams: [{ name: 'vote', trouble }] }), /users/);
  assert.equal(slow.holds, true, 'served again, though not as fast as before');
  assert.ok(slow.measured.ms! > 2900 && slow.measured.ms! < 3300);
});

test('an outage beside the tail, of any stream, is late for another reason; one after the healing is not', () => {
  const users = (result: Trouble[], vote: Trouble[] = []) =>
    predictionOf(
      judged([platformEvent(5000, 'node-down', { node: 'w1' })], {
        hold: 60_000,
        streams: [
          { name: 'vote', trouble: [outage, ...[12_000, 20_000, 29_000, 38_000].map((at) => silence(at)), ...vote] },
          { name: 'result', trouble: result },
        ],
      }),
      /users/,
    );
  const outage: Trouble = { from: 0, to: 5500, error: 'timeout' };
  const silence = (at: number, error: Trouble['error'] = 'timeout'): Trouble => ({ from: at, to: at + 50, error });
  assert.equal(users([]).holds, undefined);
  assert.equal(users([{ from: 0, to: 32_000, error: 'refused' }]).holds, false, 'another stream was down');
  assert.equal(users([], [silence(33_000, 'refused')]).holds, false, 'somebody answered');
  const returning: Trouble = { from: 60_500, to: 61_000, error: 'refused' };
  assert.equal(users([], [returning]).holds, undefined, 'the node came back');
});

test('users who were never refused are served, however slow the answers', () => {
  const slow: Trouble = { from: 100, to: 200_000, takes: 60 };
  const users = predictionOf(judged([], { hold: 60_000, streams: [{ name: 'vote', trouble: [slow] }] }), /users/);
  assert.equal(users.measured.ms, 0);
  assert.equal(users.holds, true);
});

test('healing begins with that of the last fault; what was prepared for one is no part of it', () => {
  const recording = syntheticRecording({
    hold: 30_000,
    streams: [{ name: 'vote', trouble: [{ from: 15_000, to: 20_000, error: 'refused' }] }],
  });
  const t0 = recording.events.find((event) => event.kind === 'act')!.at - 200;
  const act = { verb: 'remove', args: { namespace: 'n' } };
  recording.events.push(
    { at: t0 + 10_100, kind: 'act', act, from: t0 + 10_000, fault: 'namespace-dos', healing: true },
    { at: t0 + 60_000, kind: 'act', act, from: t0 + 59_000, healing: true },
  );
  recording.events.sort((a, b) => a.at - b.at);
  const { streams, healedAt } = judge(recording);
  assert.ok(streams[0]!.ttsr.ms! > 19_000, `${streams[0]!.ttsr.ms}`);
  assert.equal(streams[0]!.afterHealing, undefined);
  assert.ok(healedAt! < t0 + 31_000);
});
