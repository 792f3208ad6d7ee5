import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformEvent } from '../platforms/platform.ts';
import type { Findings } from './findings.ts';
import { judge } from './judge.ts';
import { nodeKillRecording, type SyntheticRun, syntheticRecording } from './synthetic.ts';

type Told = NonNullable<SyntheticRun['platform']>[number];

const told = (at: number, kind: PlatformEvent['kind'], more: Partial<PlatformEvent> = {}): Told => ({
  at,
  event: { kind, text: `${kind} ${more.service ?? more.node ?? ''}`.trim(), ...more },
});

function judged(platform: Told[], options: Partial<SyntheticRun> = {}): Findings {
  return judge(syntheticRecording({ hold: 30_000, streams: [{ name: 'vote' }], ...options, platform }));
}

const predictionOf = (findings: Findings, what: RegExp) => findings.predictions.find((one) => what.test(one.what))!;

test('the split tells where the time went, in the order of recovery', () => {
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

test('a few silences after the node was left out are the tail that conntrack makes', () => {
  const down = told(5000, 'node-down', { node: 'w1' });
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

test('what comes before the fault or after the healing is no reaction to the fault', () => {
  const { ttd } = judged([
    told(-500, 'node-down', { node: 'w1' }),
    told(31_000, 'member-scheduled', { service: 'vote' }),
  ]);
  assert.equal(ttd.ms, undefined);
});

test('losing sight of the control plane is not the platform noticing', () => {
  const { ttd } = judged([told(100, 'control-plane-lost'), told(9000, 'leader-changed')]);
  assert.equal(ttd.ms, 9000);
});

test("the platform's own clock narrows when, unless it cannot be right", () => {
  const recording = syntheticRecording({ streams: [{ name: 'vote' }] });
  const wall = (sinceT0: number) => recording.meta.origin.wall + 12_000 + sinceT0;
  const mark = (at: number, clock: number) => judged([told(at, 'node-down', { node: 'w1', wall: wall(clock) })]).ttd;
  assert.deepEqual(mark(12_000, 11_000), { ms: 11_000, bracket: { from: 10_800, to: 12_000 } });
  assert.equal(judged([told(80_000, 'node-down', { wall: wall(11_000) })], { hold: 90_000 }).ttd.ms, 80_000);
  for (const wrong of [12_500, -3000, -3_600_000]) assert.equal(mark(12_000, wrong).ms, 12_000);
});

test('a restart loop does not move the replacement', () => {
  const findings = judged([
    told(13_000, 'node-down', { node: 'w1' }),
    told(13_100, 'member-scheduled', { service: 'vote' }),
    told(20_000, 'member-ready', { service: 'vote' }),
    told(22_000, 'member-failed', { service: 'vote' }),
    told(22_100, 'member-scheduled', { service: 'vote' }),
    told(28_000, 'member-ready', { service: 'vote' }),
  ]);
  assert.equal(findings.split.find(({ step }) => step === 'started')?.mark.ms, 20_000);
});

test('a prediction holds what falls into its window, and explains what does not', () => {
  const scheduled = told(13_000, 'member-scheduled', { service: 'vote' });
  const findings = judged([
    told(12_900, 'node-down', { node: 'w1' }),
    scheduled,
    told(20_500, 'member-ready', { service: 'vote' }),
  ]);
  for (const what of [/notices/, /replacements/, /users/]) {
    assert.equal(predictionOf(findings, what).holds, true);
    assert.equal(predictionOf(findings, what).note, undefined);
  }
  const late = judged([
    told(19_000, 'node-down', { node: 'w1' }),
    told(19_100, 'member-scheduled', { service: 'vote' }),
  ]);
  assert.equal(predictionOf(late, /notices/).holds, false);
  assert.match(predictionOf(late, /notices/).note!, /Later than heartbeats tell/);
  assert.equal(predictionOf(late, /replacements/).holds, false);
});

test('another node that goes down is not the victim', () => {
  const findings = judged([told(3000, 'node-down', { node: 'w2' })]);
  assert.equal(predictionOf(findings, /notices/).measured.ms, undefined);
});

test('a fault held for less than the prediction tells nothing about it', () => {
  const findings = judged([], { hold: 5000 });
  const noticed = predictionOf(findings, /notices/);
  assert.equal(noticed.holds, undefined);
  assert.match(noticed.note!, /watched for 5\.2 s only/);
});

test('users who wait longer than the platform are explained by the application', () => {
  const findings = judged(
    [told(13_000, 'member-scheduled', { service: 'vote' }), told(20_000, 'member-ready', { service: 'vote' })],
    { streams: [{ name: 'vote', trouble: [{ from: 100, to: 40_000, error: 'status' }] }] },
  );
  const users = predictionOf(findings, /users/);
  assert.equal(users.holds, false);
  assert.match(users.note!, /replacements ran after 20 s, and on vote requests still failed/);
});
