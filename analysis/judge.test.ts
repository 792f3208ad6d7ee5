import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outcomes } from '../probes/probe.ts';
import type { Recording } from '../recording/read.ts';
import type { RunEvent } from '../recording/recording.ts';
import {
  nodeKillRecording,
  type SyntheticRun,
  type SyntheticStream,
  syntheticRecording,
} from '../tests/made-up/synthetic.ts';
import type { Findings, Outage } from './findings.ts';
import { judge } from './judge.ts';

const HORIZON = 120_000;

/** One stream `vote`, and what is unusual about it. */
function run(stream: Partial<SyntheticStream>, options: Partial<SyntheticRun> = {}): Recording {
  return syntheticRecording({ ...options, streams: [{ name: 'vote', ...stream }] });
}

const withRecovery = (recovery: number) => ({ scenario: { objectives: { vote: { recovery } } } });

function without(recording: Recording, drop: (event: RunEvent) => boolean): Recording {
  return { ...recording, events: recording.events.filter((event) => !drop(event)) };
}

function checkOf(findings: Findings, what: string) {
  const found = findings.checks.find((check) => check.what === what);
  assert.ok(found, `no check '${what}' among ${findings.checks.map((check) => check.what).join(', ')}`);
  return found;
}

test('a service that the fault does not touch recovers in no time and passes', () => {
  const findings = judge(run({}, withRecovery(1000)));
  assert.equal(findings.verdict, 'pass');
  const [vote] = findings.streams;
  assert.deepEqual(vote?.tte, {});
  assert.deepEqual(vote?.ttfs, {});
  assert.equal(vote?.ttsr.ms, 0);
  assert.equal(vote?.availability, 1);
  assert.equal(vote?.resilienceLoss, 0);
  assert.equal(vote?.degradationScore, undefined);
  assert.equal(findings.degradation.full, findings.bins.filter(({ second }) => second >= 12 && second < 53).length);
});

test('the marks of a known outage lie within their brackets', () => {
  const ms = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  fc.assert(
    fc.property(
      ms(0, 8000),
      ms(200, 9000),
      fc.constantFrom('refused', 'timeout', 'status'),
      fc.nat(),
      (from, length, error, seed) => {
        const recording = run({ trouble: [{ from, to: from + length, error: error as 'refused' }] }, { seed });
        const { tte, ttfs, ttsr, errorWindow, headline, outages } = judge(recording).streams[0]!;
        const inside = (value: number, bracket = { from: Infinity, to: -Infinity }) =>
          assert.ok(bracket.from <= value && value <= bracket.to, `${value} outside ${JSON.stringify(bracket)}`);
        inside(from, tte.bracket);
        inside(from + length, ttfs.bracket);
        inside(from + length, ttsr.bracket);
        inside(length, errorWindow.bracket);
        assert.equal(outages.length, 1);
        if (length > 300) inside(length, { from: headline!.inner, to: headline!.outer });
        for (const mark of [tte, ttfs, ttsr]) inside(mark.ms!, { from: mark.bracket!.from, to: mark.bracket!.to });
      },
    ),
    { numRuns: 60 },
  );
});

test('a service that does not come back is censored, and fails any recovery that was watched for', () => {
  const recording = run({ trouble: [{ from: 100, to: Infinity, error: 'refused' }] }, withRecovery(15_000));
  const findings = judge(recording);
  const [vote] = findings.streams;
  assert.equal(findings.verdict, 'fail');
  assert.equal(vote?.ttsr.ms, undefined);
  // Since the latest moment at which the fault can have begun.
  assert.ok(vote!.ttsr.beyond! > 39_900);
  assert.equal(vote?.headline?.open, true);
  assert.match(checkOf(findings, 'vote: recovery').observed, /^> (39\.9|40(\.0)?) s$/);
  const patient = { ...recording.meta.scenario, objectives: { vote: { recovery: HORIZON } } };
  assert.equal(judge(recording, patient).verdict, 'unknown');
});

test('recovery just before the end is not called unstable for longer than it was', () => {
  const findings = judge(run({ trouble: [{ from: 0, to: 35_000, error: 'refused' }] }, withRecovery(38_000)));
  const beyond = findings.streams[0]!.ttsr.beyond!;
  assert.ok(beyond > 34_700 && beyond <= 34_800);
  assert.equal(findings.verdict, 'unknown');
});

test('a fault that may have begun late is not held against a recovery that was not seen', () => {
  const never = { trouble: [{ from: 100, to: Infinity, error: 'refused' as const }] };
  const verdict = (limit: number) => judge(run(never, { width: 5000, ...withRecovery(limit) })).verdict;
  assert.deepEqual([verdict(39_000), verdict(42_000)], ['fail', 'unknown']);
});

test('a request on its way when the fault came is its victim, also where one that was sent after it was answered', () => {
  const findings = judge(run({ latency: 180, trouble: [{ from: -70, to: -20, error: 'reset', takes: 80 }] }));
  const [vote] = findings.streams;
  assert.equal(vote!.steady.ok, vote!.steady.scheduled);
  assert.equal(vote!.during.failed, 1);
  assert.equal(findings.verdict, 'pass');
});

test('a request on its way when healing began does not make what healing breaks the fault’s', () => {
  const healed = 20_200;
  const trouble = [
    { from: healed - 60, to: healed - 10, error: 'reset' as const, takes: 80 },
    { from: healed - 10, to: healed + 3000, error: 'refused' as const },
  ];
  const findings = judge(run({ trouble }, withRecovery(10_000)));
  const { ttsr, afterHealing } = findings.streams[0]!;
  assert.equal(ttsr.ms, 0);
  assert.ok(afterHealing!.ms! > 2900 && afterHealing!.ms! < 3200, JSON.stringify(afterHealing));
  assert.equal(findings.verdict, 'pass');
});

test('an outage that only begins after a quiet time belongs to the recovery while the fault is held', () => {
  const trouble = [{ from: 14_000, to: 16_000, error: 'status' as const }];
  const [vote] = judge(run({ trouble }, { hold: 30_000 })).streams;
  assert.ok(Math.abs(vote!.ttsr.ms! - 16_000) < 60);
});

test('a single lost probe after stability is listed, and recovery stays', () => {
  const trouble = [
    { from: 100, to: 1000, error: 'status' as const },
    { from: 14_000, to: 14_060, error: 'status' as const },
  ];
  const [vote] = judge(run({ trouble }, { hold: 30_000 })).streams;
  assert.equal(vote?.outages.length, 2);
  assert.ok(vote!.ttsr.ms! < 1060);
});

/** Every second probe of a stream that asks each 100 ms fails, from `from` to `to`. */
const everySecond = (from: number, to: number) =>
  Array.from({ length: (to - from) / 200 }, (_, i) => {
    const begin = from + 200 * i;
    return { from: begin, to: begin + 100, error: 'status' as const };
  });

test('failures that are never in a row, but so many that no window is stable, are no stable service', () => {
  const slowly = { every: 100, trouble: everySecond(12_000, 36_000) };
  const [vote] = judge(run(slowly, { hold: 60_000 })).streams;
  assert.ok(Math.abs(vote!.ttsr.ms! - 36_000) <= 200, `${vote!.ttsr.ms}`);
  const endless = { every: 100, trouble: everySecond(12_000, 400_000) };
  assert.ok(judge(run(endless, { hold: 60_000 })).streams[0]!.ttsr.beyond! > 79_000);
});

test('failures that are never in a row count from healing where healing brought them', () => {
  const trouble = everySecond(21_000, 25_000);
  const [vote] = judge(run({ every: 100, trouble }, withRecovery(5000))).streams;
  assert.equal(vote!.ttsr.ms, 0);
  assert.ok(Math.abs(vote!.afterHealing!.ms! - (25_000 - 20_200)) <= 200, `${vote!.afterHealing!.ms}`);
});

test('two lost probes within ten seconds do not make a service unstable again', () => {
  const trouble = [14_000, 16_000].map((from) => ({ from, to: from + 60, error: 'status' as const }));
  assert.equal(judge(run({ trouble }, { hold: 30_000 })).streams[0]!.ttsr.ms, 0);
});

test('a stable window of a stream that is seldom asked is as long as twenty probes take', () => {
  const seldom = { every: 4000, trouble: [{ from: 30_000, to: 34_000, error: 'status' as const }] };
  const [vote] = judge(run(seldom, { steady: 100_000, hold: 200_000, recover: 120_000 })).streams;
  assert.equal(vote!.outages[0]!.failures, 1);
  assert.ok(vote!.ttsr.ms! >= 30_000, `${vote!.ttsr.ms}`);
});

test('what fails only after healing began counts from there', () => {
  const trouble = [
    { from: 100, to: 1000, error: 'status' as const },
    { from: 20_500, to: 23_000, error: 'status' as const },
  ];
  const findings = judge(run({ trouble }, withRecovery(5000)));
  const [vote] = findings.streams;
  assert.ok(vote!.ttsr.ms! < 1060);
  assert.ok(Math.abs(vote!.afterHealing!.ms! - (23_000 - 20_200)) < 60);
  assert.equal(findings.verdict, 'pass');
  assert.match(findings.warnings.join(), /failed again after the healing/);
  assert.equal(checkOf(judge(run({ trouble }, withRecovery(2000))), 'vote: recovery after healing').verdict, 'fail');
});

test('a fault that is healed while users still suffer counts from the fault', () => {
  const findings = judge(run({ trouble: [{ from: 100, to: 24_000, error: 'status' }] }, withRecovery(15_000)));
  const [vote] = findings.streams;
  assert.ok(vote!.ttsr.ms! > 23_900);
  assert.equal(vote?.afterHealing, undefined);
  assert.equal(findings.verdict, 'fail');
});

test("failures in flight when the fault came are its own, not the steady state's", () => {
  const findings = judge(run({ latency: 150, trouble: [{ from: -120, to: 3000, error: 'timeout' }] }));
  const [vote] = findings.streams;
  assert.equal(vote?.steady.ok, vote?.steady.scheduled);
  assert.equal(vote?.tte.ms, 0);
});

test('what had gone wrong, and was over, before the fault is none of its doing, whenever it was given up', () => {
  const findings = judge(run({ trouble: [{ from: -850, to: -100, error: 'timeout' }] }, withRecovery(5000)));
  assert.equal(findings.verdict, 'unknown');
  assert.equal(checkOf(findings, 'vote: steady state').verdict, 'unknown');
  assert.deepEqual(findings.streams[0]!.tte, {});
});

test('one failure in a window of a few hundred probes is too many for stable', () => {
  const trouble = [
    { from: 100, to: 200, error: 'status' as const },
    { from: 5000, to: 5060, error: 'status' as const },
  ];
  const [vote] = judge(run({ trouble })).streams;
  assert.ok(vote!.ttsr.ms! > 5000);
});

test('the fault may have come at the end of the injecting call: brackets reach back to there', () => {
  const [vote] = judge(run({ trouble: [{ from: 1900, to: 4000, error: 'status' }] }, { width: 2000 })).streams;
  assert.equal(vote?.tte.bracket?.from, 0);
  assert.ok(vote!.ttfs.bracket!.from <= 2000 && vote!.ttsr.bracket!.from <= 2000);
});

test('an outage that the fault found in place has no time to effect', () => {
  const findings = judge(run({ trouble: [{ from: -4000, to: 4000, error: 'status' }] }));
  assert.equal(findings.streams[0]?.tte.ms, 0);
  assert.equal(findings.verdict, 'unknown');
});

test('a shorter horizon judges less of the recording', () => {
  const recording = run({ trouble: [{ from: 100, to: 26_000, error: 'status' }] }, withRecovery(30_000));
  assert.equal(judge(recording).verdict, 'pass');
  const hasty = { ...recording.meta.scenario, horizon: 4000 };
  assert.match(checkOf(judge(recording, hasty), 'vote: recovery').observed, /^> 24\.\d s$/);
});

test('a fault that is used twice must be seen twice', () => {
  const twice = [
    { fault: 'node-kill', options: {} },
    { fault: 'node-kill', options: {} },
  ];
  assert.match(
    checkOf(judge(run({}, { scenario: { faults: twice } })), 'fault confirmed').observed,
    /no proof of node-kill/,
  );
});

test("a rise within the prober's own noise is not slow", () => {
  const [vote] = judge(run({ latency: 1, trouble: [{ from: 0, to: 20_000, takes: 4 }] })).streams;
  assert.equal(vote?.degradedSeconds, 0);
  assert.equal(vote?.ttsr.ms, 0);
});

test('slow answers delay stable recovery without a failure', () => {
  const [vote] = judge(run({ trouble: [{ from: 0, to: 6000, takes: 80 }] })).streams;
  assert.equal(vote?.availability, 1);
  assert.ok(vote!.ttsr.ms! > 4000 && vote!.ttsr.ms! <= 6050);
  assert.ok(vote!.degradedSeconds >= 5);
});

test('a limit inside the bracket is too close to call', () => {
  const recording = run({ trouble: [{ from: 100, to: 3000, error: 'status' }] }, { width: 500, ...withRecovery(2800) });
  const findings = judge(recording);
  assert.equal(findings.verdict, 'unknown');
  assert.match(checkOf(findings, 'vote: recovery').observed, /too close to call/);
  const verdictAt = (recovery: number) =>
    judge(recording, { ...recording.meta.scenario, objectives: { vote: { recovery } } }).verdict;
  assert.equal(verdictAt(2000), 'fail');
  assert.equal(verdictAt(4000), 'pass');
});

test('availability, outage and p95 are judged on every stream of a probe', () => {
  const objectives = { vote: { availability: 0.99, outage: 1000, p95: 20 } };
  const streams: SyntheticStream[] = [
    { name: 'vote' },
    {
      name: 'vote.reused',
      trouble: [
        { from: 0, to: 5000, error: 'refused' },
        { from: 5000, to: 20_000, takes: 90 },
      ],
    },
  ];
  const findings = judge(syntheticRecording({ streams, scenario: { objectives } }));
  for (const what of ['availability', 'longest outage', 'p95']) {
    assert.equal(checkOf(findings, `vote: ${what}`).verdict, 'pass');
    assert.equal(checkOf(findings, `vote.reused: ${what}`).verdict, 'fail');
  }
});

const BROKEN: [string, Recording, RegExp][] = [
  ['a fault that nobody saw', run({}, { confirmed: false }), /no proof of node-kill/],
  ['a fault that was never injected', without(run({}), ({ kind }) => kind === 'act'), /no fault was injected/],
  ['no steady state', run({ trouble: [{ from: -5000, to: -4000, error: 'status' }] }), /ok over 10 s/],
  ['a steady state that was too short', run({}, { steady: 3000, scenario: { steady: 60_000 } }), /ok over 5 s/],
  ['too few probes', run({ every: 2000 }), /\(5 probes\)|\(6 probes\)/],
  [
    'a null stream that failed',
    run({}, { prober: { nullStream: { scheduled: 100, failed: 1 } } }),
    /null stream failed 1 of 100/,
  ],
  ['a null stream that never ran', run({}, { prober: { nullStream: { scheduled: 0, failed: 0 } } }), /never ran/],
  ['a starved prober', run({}, { prober: { latenessMs: { p50: 1, p99: 26, max: 90 } } }), /lateness p99 26 ms/],
  ["errors on the prober's side", run({}, { prober: { proberErrors: { EMFILE: 3 } } }), /EMFILE 3/],
  [
    "probes that failed on the prober's side",
    run({ trouble: [{ from: 0, to: 1000, error: 'prober' }] }),
    /failed on its own side/,
  ],
  ['a prober that left no report', without(run({}), ({ kind }) => kind === 'prober'), /no report/],
  [
    'recovery that was broken off',
    {
      ...run({}),
      events: run({}).events.map((event) =>
        event.kind === 'phase' && event.phase === 'recover' && event.state === 'end'
          ? { ...event, state: 'failed' as const, message: 'interrupted' }
          : event,
      ),
    },
    /recover failed: interrupted/,
  ],
  ['missing samples', run({}, { prober: { scheduled: { vote: 5000 } } }), /of 5000 samples of vote are missing/],
  [
    'a run that was killed',
    without(run({}), ({ kind, at }) => at > 30_000 && kind !== 'prober'),
    /ended in hold, before recovery was watched/,
  ],
];

test('the seconds after the death of the prober are no outage', () => {
  const whole = run({ trouble: [{ from: 0, to: 2000, error: 'refused' }] }, withRecovery(5000));
  const died = 12_000 + 8000;
  const streams = whole.streams.map((one) => ({ ...one, n: one.due.filter((due) => due < died).length }));
  const findings = judge({ ...without(whole, ({ kind }) => kind === 'prober'), streams });
  const [vote] = findings.streams;
  assert.equal(findings.verdict, 'unknown');
  assert.ok(vote!.during.scheduled <= 160, `${vote!.during.scheduled} probes of 8 s`);
  assert.ok(vote!.availability > 0.7, `${vote!.availability}`);
  assert.ok(findings.degradation.down <= 2, `${findings.degradation.down} s down`);
  assert.ok(vote!.ttsr.beyond! < 2100, `${vote!.ttsr.beyond}`);
  assert.match(findings.warnings.join(), /Nothing was probed in the last 32\.\d s, from 8 s after the fault on/);
});

test('what fails after the judged time is no relapse', () => {
  const late = [50_000, 52_000, 54_000].map((from) => ({
    from: 20_200 + from,
    to: 20_200 + from + 60,
    error: 'status' as const,
  }));
  const recording = run({ trouble: late }, { ...withRecovery(10_000), recover: 60_000 });
  const hasty = { ...recording.meta.scenario, horizon: 40_000 };
  const findings = judge(recording, hasty);
  assert.equal(findings.streams[0]!.afterHealing, undefined);
  assert.equal(findings.verdict, 'pass');
});

test('the longest outage is that since the fault, and open as long as one is', () => {
  const longestOf = (...trouble: { from: number; to: number }[]) =>
    judge(run({ trouble: trouble.map((one) => ({ ...one, error: 'refused' as const })) })).streams[0]!.longestOutage!;
  assert.deepEqual(longestOf({ from: -6000, to: -5000 }), { ms: 0 });
  const { bracket } = longestOf({ from: -6000, to: -3000 }, { from: 1000, to: 2000 });
  assert.ok(bracket!.from <= 1000 && bracket!.to >= 1000 && bracket!.to < 1200, JSON.stringify(bracket));
  const open = longestOf({ from: 1000, to: 4000 }, { from: 39_000, to: 100_000 });
  assert.ok(open.beyond! >= 2900 && open.ms === undefined, JSON.stringify(open));
});

test('of a prober that died before the fault nothing is known since', () => {
  const whole = run({}, withRecovery(5000));
  const streams = whole.streams.map((one) => ({ ...one, n: one.due.filter((due) => due < 11_000).length }));
  const findings = judge({ ...without(whole, ({ kind }) => kind === 'prober'), streams });
  assert.equal(findings.verdict, 'unknown');
  assert.equal(findings.streams[0]!.during.scheduled, 0);
  assert.ok(Number.isNaN(findings.streams[0]!.availability));
  assert.equal(findings.degradation.down, 0);
});

for (const [name, recording, reason] of BROKEN) {
  test(`unknown, never pass: ${name}`, () => {
    const objectives = { vote: { recovery: 1000, availability: 0.99, outage: 1000, p95: 100 } };
    const findings = judge(recording, { ...recording.meta.scenario, objectives });
    assert.equal(findings.verdict, 'unknown');
    assert.match(findings.checks.map(({ observed }) => observed).join('\n'), reason);
    for (const what of ['recovery', 'availability', 'longest outage', 'p95']) {
      assert.equal(checkOf(findings, `vote: ${what}`).verdict, 'unknown');
    }
  });
}

for (const [name, recording] of BROKEN) {
  test(`held against nobody: ${name}`, () => {
    const slow = recording.streams[0]!;
    // Users are served much later than the platform's timers allow.
    for (let i = 0; i < slow.n; i++) if (slow.due[i]! > 12_000 && slow.due[i]! < 50_000) slow.outcome[i] = 1;
    const objectives = { vote: { availability: 0.99 } };
    const findings = judge(recording, { ...recording.meta.scenario, objectives });
    for (const { holds, note } of findings.predictions) {
      assert.equal(holds, undefined);
      assert.match(note!, /^Not checked: this run proves nothing \(/);
    }
    assert.equal(findings.streams[0]?.errorBudget, undefined);
  });
}

test('that no write was lost proves nothing in a run that proves nothing', () => {
  const check = (confirmed: boolean) =>
    checkOf(judge(run({ writes: true }, { confirmed })), 'vote: acknowledged writes lost');
  assert.equal(check(true).verdict, 'pass');
  assert.equal(check(false).verdict, 'unknown');
  assert.match(check(false).observed, /^none of \d+ \(proves nothing: fault confirmed\)$/);
});

test('nothing is said of what comes after the last event of a recording that ends before healing', () => {
  const whole = run({ trouble: [{ from: 100, to: 24_000, error: 'status' }] });
  const cut = without(whole, ({ at }) => at > 30_000);
  const { streams, healedAt, warnings } = judge(cut);
  assert.ok(streams[0]!.ttsr.beyond! < 18_000, 'the recovery after a healing that nobody recorded');
  assert.equal(healedAt, undefined);
  assert.match(warnings.join(), /node-kill was not seen to be healed/);
  assert.equal(judge(whole).healedAt, 32_300);
});

test('a window that is cut off by the end is not called unstable for answers that scatter', () => {
  const recording = run({ trouble: [{ from: 0, to: 300, takes: 60 }] });
  assert.equal(judge(recording).streams[0]!.ttsr.ms, 0);
  const cut = without(recording, ({ at }) => at > 14_000);
  assert.equal(judge(cut).streams[0]!.ttsr.beyond, 0);
});

test('what was asked again, and which of several addresses answered, is counted in steady state and recovery', () => {
  const recording = run({});
  const [vote] = recording.streams;
  const of = () => judge(recording).streams[0]!;
  assert.deepEqual([of().askedAgain, of().addresses], [undefined, undefined]);
  vote!.addresses = ['', '10.0.0.1', '10.0.0.2'];
  vote!.address.fill(1);
  assert.equal(of().addresses, undefined, 'one address is no news');
  const first = vote!.due.findIndex((due) => due > 5000);
  for (const i of [0, first, first + 1]) [vote!.askedAgain[i], vote!.address[i]] = [1, 2];
  const { askedAgain, addresses, steady, during } = of();
  assert.equal(askedAgain, 2, 'the first one came before steady state');
  assert.deepEqual(addresses, { '10.0.0.1': steady.scheduled + during.scheduled - 2, '10.0.0.2': 2 });
});

test('one late probe of a stream that has few of them voids no run; one in ten of all does', () => {
  const streams = [
    { name: 'vote', every: 20 },
    { name: 'page', every: 500 },
  ];
  const late = (from: number, to: number) => {
    const recording = syntheticRecording({ streams });
    for (const { due, sent, done, n } of recording.streams) {
      for (let i = 0; i < n; i++) {
        if (due[i]! < from || due[i]! >= to) continue;
        sent[i]! += 30;
        done[i]! += 30;
      }
    }
    return checkOf(judge(recording), 'prober fit');
  };
  assert.equal(late(20_000, 20_200).verdict, 'pass');
  const starved = late(20_000, 24_000);
  assert.equal(starved.verdict, 'unknown');
  assert.match(starved.observed, /send lateness p99 30 ms since the fault/);
});

test('a few answers that may have come in time, or not, are left out, and void no run', () => {
  const trouble = [
    { from: 0, to: 20_000, error: 'timeout' as const },
    { from: 20_000, to: 20_250, error: 'prober' as const },
  ];
  const findings = judge(run({ trouble }, { ...withRecovery(30_000), prober: { proberErrors: { stalled: 5 } } }));
  assert.equal(checkOf(findings, 'prober fit').verdict, 'pass');
  const [vote] = findings.streams;
  // It may have been back with the first of them, or after the last.
  const [{ end }] = vote!.outages as [Outage];
  assert.ok(end.from <= 12_000 + 20_000 && end.to >= 12_000 + 20_250, JSON.stringify(end));
  assert.equal(findings.verdict, 'pass');
});

test('what a starved prober saw fails nobody', () => {
  const starved = { latenessMs: { p50: 1, p99: 500, max: 900 } };
  const recording = run(
    { trouble: [{ from: 0, to: 9000, error: 'status' }] },
    { prober: starved, ...withRecovery(1000) },
  );
  assert.equal(judge(recording).verdict, 'unknown');
});

test('a stall of the prober during the fault voids the run, however long the run was', () => {
  const recording = run({}, { recover: 100_000 });
  const [vote] = recording.streams;
  for (let i = 0; i < vote!.n; i++) {
    if (vote!.due[i]! >= 13_000 && vote!.due[i]! < 16_000) vote!.sent[i] = vote!.done[i] = 16_000;
  }
  assert.match(checkOf(judge(recording), 'prober fit').observed, /send lateness p99 of vote .* since the fault/);
});

test('a stop condition fails the run', () => {
  const recording = run({});
  recording.events.push({
    at: 20_000,
    kind: 'stop',
    condition: 'vote.availability: < 50% for 5s',
    text: 'vote 12 % ok',
  });
  assert.equal(judge(recording).verdict, 'fail');
});

test('lost writes fail with their ids, even where no fault was seen', () => {
  const findings = judge(run({ writes: true, lost: 2 }, { confirmed: false }));
  assert.equal(findings.verdict, 'fail');
  assert.match(
    checkOf(findings, 'vote: acknowledged writes lost').observed,
    /2 of \d+: synthetic-vote-0, synthetic-vote-1/,
  );
});

test('a clean-up that failed stands beside the verdict', () => {
  const recording = run({}, withRecovery(1000));
  recording.events.push({ at: 60_000, kind: 'difference', left: ['service x: still there'] });
  const findings = judge(recording);
  assert.equal(findings.verdict, 'pass');
  assert.deepEqual(findings.cleanUp.left, ['service x: still there']);
});

test('an objective without a stream does not vanish', () => {
  const findings = judge(run({}, { scenario: { objectives: { result: { recovery: 1000 } } } }));
  assert.equal(checkOf(findings, 'result: objectives').verdict, 'unknown');
});

test('missing samples count as not ok', () => {
  const recording = run({});
  const [vote] = recording.streams;
  const keep = Array.from(vote!.seq).filter((seq) => seq < 400 || seq >= 410);
  const pick = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(array: T): T =>
    (array as Uint8Array).filter((_, i) => i < 400 || i >= 410) as T;
  const { seq, due, sent, done, outcome, error, status, instance } = vote!;
  const thinned = {
    ...vote!,
    n: keep.length,
    seq: pick(seq),
    due: pick(due),
    sent: pick(sent),
    done: pick(done),
    outcome: pick(outcome),
    error: pick(error),
    status: pick(status),
    instance: pick(instance),
  };
  const [whole] = judge(recording).streams;
  const findings = judge({ ...recording, streams: [thinned] });
  assert.equal(findings.streams[0]?.during.scheduled, whole?.during.scheduled);
  assert.equal(findings.streams[0]?.during.ok, whole!.during.ok - 10);
  assert.equal(findings.verdict, 'unknown');
  assert.deepEqual(findings.streams[0]?.outages, []);
});

test('classes of degradation, over all streams', () => {
  const classesOf = (streams: SyntheticStream[]) => {
    const { degradation } = judge(syntheticRecording({ streams }));
    return Object.keys(degradation).filter((name) => degradation[name as 'full'] > 5);
  };
  const during = (trouble: object) => [{ from: 0, to: 20_000, ...trouble }];
  const write = (trouble: object): SyntheticStream => ({ name: 'vote', writes: true, trouble: during(trouble) });
  const read = (trouble: object): SyntheticStream => ({ name: 'result', trouble: during(trouble) });
  const fails = { error: 'status' as const };
  assert.deepEqual(classesOf([write(fails), read(fails)]), ['full', 'down']);
  assert.deepEqual(classesOf([write(fails), read({ takes: 4 })]), ['full', 'read-only']);
  assert.deepEqual(classesOf([write({ takes: 4 }), read(fails)]), ['full', 'partial']);
  assert.deepEqual(classesOf([write({ takes: 4 }), read({ error: 'stale' })]), ['full', 'stale']);
  assert.deepEqual(classesOf([write({ takes: 99 }), read({ takes: 4 })]), ['full', 'slow']);
  assert.deepEqual(classesOf([write({ ...fails, share: 0.5 }), read({ takes: 4 })]), ['full', 'partial']);
});

test('resilience loss is the lost seconds, and a total outage scores nothing', () => {
  const [vote] = judge(run({ trouble: [{ from: 0, to: 8000, error: 'status' }] })).streams;
  assert.ok(Math.abs(vote!.resilienceLoss - 8) < 0.1);
  assert.ok(vote!.degradationScore! < 0.02);
  assert.equal(vote?.minQ, 0);
  const [half] = judge(run({ trouble: [{ from: 0, to: 8000, error: 'status', share: 0.5 }] })).streams;
  assert.ok(half!.resilienceLoss > 3 && half!.resilienceLoss < 5);
});

test('the same recording gives the same findings, byte for byte, and stays as it was', () => {
  const recording = nodeKillRecording();
  const before = JSON.stringify(recording);
  const first = JSON.stringify(judge(recording));
  assert.equal(JSON.stringify(judge(recording)), first);
  assert.equal(JSON.stringify(judge(nodeKillRecording())), first);
  assert.equal(JSON.stringify(recording), before);
  assert.equal(JSON.stringify(JSON.parse(first)), first);
});

test('whatever a recording holds, it is judged, and garbage never passes', () => {
  const whole = nodeKillRecording();
  const time = fc.double({ min: 0, max: 100_000, noNaN: true });
  const event = fc.oneof(
    fc.constantFrom(...whole.events),
    fc.record({
      at: time,
      kind: fc.constant('act' as const),
      act: fc.constant({ verb: 'x', args: {} }),
      from: time,
      fault: fc.string(),
    }),
    fc.record({
      at: time,
      kind: fc.constant('backlog' as const),
      stream: fc.constant('vote'),
      waited: time,
      left: fc.option(fc.nat()),
    }),
  ) as fc.Arbitrary<RunEvent>;
  const arb = fc.record({
    events: fc.array(event, { maxLength: 40 }),
    keep: fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }),
    shift: fc.array(fc.double({ min: -5000, max: 5000, noNaN: true }), { minLength: 1, maxLength: 50 }),
    torn: fc.nat(31),
  });
  fc.assert(
    fc.property(arb, ({ events, keep, shift, torn }) => {
      const streams = whole.streams.map((stream, i) => ({
        ...stream,
        n: Math.min(keep[i]!, stream.n),
        due: stream.due.map((due, k) => due + shift[k % shift.length]!),
        outcome: stream.outcome.map((outcome, k) => (outcome + k) % (outcomes.length + 1)),
        seq: stream.seq.map((seq, k) => (k % 7 === 0 ? seq * 1000 : seq)),
      }));
      const findings = judge({ meta: whole.meta, events, streams, load: [], torn, damages: [] });
      assert.notEqual(findings.verdict, 'pass');
      assert.equal(
        JSON.stringify(judge({ meta: whole.meta, events, streams, load: [], torn, damages: [] })),
        JSON.stringify(findings),
      );
    }),
    { numRuns: 150 },
  );
});

test('a recording cut off anywhere is judged, and does not pass', () => {
  const whole = run({ writes: true }, withRecovery(30_000));
  assert.equal(judge(whole).verdict, 'pass');
  const needed = whole.events.findLastIndex(({ kind }) => kind === 'readback');
  for (let length = 0; length <= needed; length++) {
    assert.equal(judge({ ...whole, events: whole.events.slice(0, length) }).verdict, 'unknown', `${length} events`);
  }
});

test('where nothing was injected no availability is claimed', () => {
  const [vote] = judge(without(run({}), ({ kind }) => kind === 'act')).streams;
  for (const share of [vote!.availability, vote!.wholeSeconds, vote!.worst.s1]) assert.ok(Number.isNaN(share));
  assert.equal(vote?.steady.ok, vote?.steady.scheduled);
});

test('no streams and no events at all are unknown', () => {
  const { meta } = run({});
  assert.equal(judge({ meta, events: [], streams: [], load: [], torn: 0, damages: [] }).verdict, 'unknown');
});

test('steady state is never slow, however its answers scatter', () => {
  const hiccups = Array.from({ length: 10 }, (_, i) => ({ from: -10_000 + i * 1000, to: -9850 + i * 1000, takes: 40 }));
  const findings = judge(run({ trouble: hiccups }));
  assert.deepEqual(
    new Set(findings.bins.filter(({ second }) => second >= 2 && second < 12).map((bin) => bin.class)),
    new Set(['full']),
  );
});

test('what a service did not answer while it was being deployed is no outage', () => {
  const deploying = { from: -12_000, to: -11_000, error: 'refused' } as const;
  const steady = { from: -9000, to: -8000, error: 'refused' } as const;
  const findings = judge(syntheticRecording({ streams: [{ name: 'vote', trouble: [deploying, steady] }] }));
  assert.equal(findings.streams[0]!.outages.length, 1);
});

test('hundreds of thousands of outages are judged', () => {
  const options = {
    steady: 1000,
    hold: 100_000,
    recover: 700_000,
    scenario: { horizon: 700_000, objectives: { vote: { outage: 10 } } },
  };
  const findings = judge(run({ every: 1, trouble: [{ from: 0, to: Infinity, error: 'status', share: 0.5 }] }, options));
  assert.ok(findings.streams[0]!.outages.length > 150_000);
  assert.equal(findings.verdict, 'fail');
});
