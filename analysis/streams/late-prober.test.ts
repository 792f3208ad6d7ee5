/** What a prober that is late, or looks seldom, may and may not say of the service. Each of these was once a false verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamSamples } from '../../probes/samples.ts';
import type { Recording } from '../../recording/read.ts';
import { type SyntheticRun, syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';

/** When the fault comes in a made-up recording with so long a steady state, ms. */
const t0Of = (steady = 10_000) => 2000 + steady;

/** Its prober sends some probes late; nothing of the service changes. */
function late(recording: Recording, by: (due: number, index: number) => number): Recording {
  const [one] = recording.streams as [StreamSamples];
  for (let i = 0; i < one.n; i++) {
    const ms = by(one.due[i]!, i);
    one.sent[i]! += ms;
    one.done[i]! += ms;
  }
  return recording;
}

const objectives = (vote: object) => ({ scenario: { objectives: { vote } } }) as Partial<SyntheticRun>;
const checks = (recording: Recording) => {
  const findings = judge(recording);
  const verdicts = findings.checks.map(({ what, verdict }) => [what.replace('vote: ', ''), verdict]);
  return { ...Object.fromEntries(verdicts), stream: findings.streams[0]! };
};

test('a prober that was late before the fault does not make the service look as fast as before', () => {
  const slower = { name: 'vote', trouble: [{ from: 0, to: 1e9, takes: 30 }] };
  const recording = syntheticRecording({ streams: [slower], recover: 100_000, ...objectives({ recovery: 15_000 }) });
  const found = checks(late(recording, (due, i) => (due < t0Of() && i % 10 === 9 ? 22 : 0)));
  assert.equal(found.stream.ttsr.ms, undefined);
  assert.equal(found.recovery, 'fail');
});

test('a prober that is late since the fault, within its own limit, fails no service that is not slow', () => {
  const recording = syntheticRecording({
    ...{ steady: 40_000, hold: 30_000, recover: 60_000, streams: [{ name: 'vote', every: 1000 }] },
    ...objectives({ p95: 150, recovery: 20_000 }),
  });
  const found = checks(late(recording, (due) => (due > t0Of(40_000) ? 450 : 0)));
  assert.deepEqual([found['prober fit'], found.p95, found.recovery], ['pass', 'unknown', 'pass']);
});

test('who was not looked at until the first answer had not certainly recovered before it', () => {
  const verdicts = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const trouble = [{ from: 0, to: 700, error: 'refused' as const }];
    const streams = [{ name: 'vote', every: 1000, trouble }];
    verdicts.add(checks(syntheticRecording({ seed, streams, ...objectives({ recovery: 300 }) })).recovery);
  }
  assert.ok(!verdicts.has('pass'), [...verdicts].join());
});

test('a time in which no probe was sent is one in which nobody looked for an outage', () => {
  const recording = syntheticRecording({ streams: [{ name: 'vote' }], ...objectives({ outage: 100 }) });
  let k = 0;
  const blind = (due: number) => (due >= t0Of() && due < t0Of() + 400 ? t0Of() + 400 - due + k++ * 0.1 : 0);
  assert.equal(checks(late(recording, blind))['longest outage'], 'unknown');
  const seen = syntheticRecording({ streams: [{ name: 'vote' }], ...objectives({ outage: 100 }) });
  assert.equal(checks(seen)['longest outage'], 'pass');
});

test('a computer that was suspended has not watched: its clock stood still, and nothing else shows it', () => {
  const suspended = (ms: number) =>
    checks(syntheticRecording({ streams: [{ name: 'vote' }], prober: { suspendedMs: ms } }))['prober fit'];
  assert.deepEqual([suspended(20), suspended(3_600_000)], ['pass', 'unknown']);
});

test('a probe that the prober left out may have been the first good answer', () => {
  const trouble = [
    { from: 0, to: 20_000, error: 'timeout' as const },
    { from: 20_000, to: 20_250, error: 'prober' as const },
  ];
  const stalled = { width: 0, hold: 15_000, recover: 30_000, prober: { proberErrors: { stalled: 5 } } };
  const found = checks(
    syntheticRecording({ ...stalled, streams: [{ name: 'vote', trouble }], ...objectives({ recovery: 20_100 }) }),
  );
  assert.ok(found.stream.ttsr.bracket!.from <= 20_000);
  assert.equal(found.recovery, 'unknown');
});
