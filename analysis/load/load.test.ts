import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recording } from '../../recording/read.ts';
import { type SyntheticRun, syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { type SyntheticLoad, withLoad } from '../../tests/made-up/synthetic-load.ts';
import { factorsOf, keyOf } from '../comparison/factors.ts';
import type { Findings } from '../findings.ts';
import { judge } from '../judge.ts';

const GONE = { from: 1200, to: 9400 };

function judged(load: SyntheticLoad, run: Partial<SyntheticRun> = {}): Findings {
  const recording = syntheticRecording({
    streams: [{ name: 'vote', trouble: [{ ...GONE, error: 'refused' }] }],
    ...run,
  });
  return judge(withLoad(recording, load));
}

const checkOf = ({ checks }: Findings, what: string) => checks.find((check) => check.what === what);
const warningsOf = (findings: Findings, about: RegExp) => findings.warnings.filter((text) => about.test(text));

test('a recording without a load has no word of it', () => {
  const findings = judge(syntheticRecording({ streams: [{ name: 'vote' }] }));
  assert.equal('load' in findings, false);
  assert.deepEqual(
    findings.checks.filter(({ kind }) => kind.startsWith('load')),
    [],
  );
});

test('what was offered, sent and answered, before the fault and since', () => {
  const { load, verdict } = judged({ trouble: [GONE] });
  assert.equal(verdict, 'pass');
  assert.ok(load);
  assert.equal(load.steady.offered, load.steady.ok);
  assert.ok(Math.abs(load.steady.offered / load.steady.seconds - 100) < 2);
  assert.ok(Math.abs(load.during.failed - 820) < 5, String(load.during.failed));
  assert.equal(load.totals?.offered, load.totals!.ok + load.totals!.failed);
});

test('a load that was not there makes the run unknown, whatever users saw', () => {
  const cases: [SyntheticLoad, RegExp][] = [
    [{ outcome: { failed: 'panic: out of memory' } }, /open failed: panic: out of memory/],
    [{ error: 'its process was ended by SIGKILL' }, /open left no report: its process was ended by SIGKILL/],
    [{ from: -10_000, to: -4000 }, /it had ended 4 s before the fault/],
  ];
  for (const [load, observed] of cases) {
    const findings = judged(load, { scenario: { objectives: { vote: { recovery: 30_000 } } } });
    assert.equal(findings.verdict, 'unknown');
    assert.match(checkOf(findings, 'load sent')?.observed ?? '', observed);
    assert.match(checkOf(findings, 'vote: recovery')?.observed ?? '', /proves nothing: load sent/);
  }
});

test('an engine that cannot send what falls due in steady state makes it unknown', () => {
  const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }));
  const less = recording.load.map((second) => ({ ...second, sent: 90, ok: 90, dropped: second.offered - 90 }));
  const findings = judge({ ...recording, load: less });
  assert.equal(findings.verdict, 'unknown');
  assert.match(checkOf(findings, 'load sent')?.observed ?? '', /sent 90\.00 % of what fell due before the fault/);
});

test('a load that sent nothing, or nothing before the fault, or too little and does not say when, makes it unknown', () => {
  const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }), { outcome: 'done' });
  const told = (change: (one: Recording) => Recording) => {
    const findings = judge(change(structuredClone(recording)));
    return [findings.verdict, checkOf(findings, 'load sent')?.observed];
  };
  const withTotals = (one: Recording, totals: object): Recording => ({
    ...one,
    events: one.events.map((event) =>
      event.kind === 'load-end' && event.report
        ? { ...event, report: { ...event.report, totals: { ...event.report.totals, ...totals } } }
        : event,
    ),
  });
  const t0 = judge(recording).t0!.from;
  const none = (second: (typeof recording.load)[number]) => ({ ...second, offered: 0, sent: 0, ok: 0 });
  const late = recording.load.map((second) => (second.at < t0 ? none(second) : second));
  assert.deepEqual(
    told((one) => ({ ...one, load: late })),
    ['unknown', 'open sent nothing before the fault'],
  );
  assert.deepEqual(
    told((one) => ({ ...withTotals(one, { offered: 0, sent: 0, ok: 0 }), load: [] })),
    ['unknown', 'open sent nothing'],
  );
  assert.deepEqual(
    told((one) => ({ ...withTotals(one, { offered: 1000, sent: 400, dropped: 600 }), load: [] })),
    ['unknown', 'open sent 40.00 % of what fell due (600 dropped), and does not say when'],
  );
  const idle = {
    ...recording.meta.scenario.load!,
    rate: undefined,
    stages: [
      { rate: 0, for: 60_000 },
      { rate: 9, for: 9000 },
    ],
  };
  const scenario = { ...recording.meta.scenario, load: idle };
  assert.equal(told((one) => ({ ...one, meta: { ...one.meta, scenario }, load: late }))[0], 'pass');
});

test('a load in place of a fault that was not sent as its stages say makes the run unknown', () => {
  const stages = [
    { rate: 100, for: 20_000 },
    { rate: 100, for: 5000 },
  ];
  const told = (options: SyntheticLoad, reason = 'late') => {
    const run = { streams: [{ name: 'vote' }] };
    const recording = withLoad(syntheticRecording(run), { from: -9700, use: { rate: undefined, stages }, ...options });
    recording.meta.scenario.faults = [];
    const report = recording.events.findLast((event) => event.kind === 'load-end')?.report;
    if (report && options.dropped !== undefined) report.totals.drops = { [reason]: options.dropped };
    return checkOf(judge(recording), 'load sent');
  };
  assert.equal(told({ to: 15_300 })?.verdict, 'pass');
  assert.deepEqual(
    [told({ to: 5300 })?.verdict, told({ to: 5300 })?.observed],
    ['unknown', 'it ended after 15 s of 25 s'],
  );
  const late = told({ to: 15_300, dropped: 2000 });
  assert.deepEqual(
    [late?.verdict, late?.observed],
    ['unknown', 'open itself dropped 44.44 % of what fell due (late 2000)'],
  );
  assert.equal(
    told({ to: 15_300, dropped: 2000 }, 'under way')?.verdict,
    'pass',
    'it waits for answers: that is the target',
  );
  const amount = { rate: undefined, connections: 10, amount: 100_000, for: 25_000, engine: 'autocannon' as const };
  assert.match(told({ to: 5300, use: amount })?.observed ?? '', /after 15 s of 25 s/);
  assert.equal(told({ to: 15_300, use: amount })?.verdict, 'pass', 'it lasts no longer than it says');
});

test('a load that stays as it is has no knee, whatever it does in place of a fault', () => {
  const asked = (use: object) => {
    const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }), { from: -9700, use });
    recording.meta.scenario.faults = [];
    return judge(recording).load?.knee;
  };
  assert.equal(asked({}), undefined);
  for (const engine of ['autocannon', 'k6'] as const) {
    const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }), {
      from: -9700,
      use: { engine, rate: undefined, connections: 10, amount: 100 },
    });
    recording.meta.scenario.faults = [];
    // Refused, a closed model asks faster: that is no ramp.
    const faster = recording.load.map((second, index) =>
      index < 5 ? second : { ...second, offered: 900, sent: 900, ok: 0, failed: 900 },
    );
    assert.equal(judge({ ...recording, load: faster }).load?.knee, undefined);
  }
});

test('thresholds are checks, each over the whole load; those of a script are its own finding', () => {
  const failing = judged({ trouble: [GONE], use: { thresholds: { p95: 7, p99: 20, errors: 0.05 } } });
  const verdicts = ['load: p95', 'load: p99', 'load: errors'].map((what) => checkOf(failing, what)?.verdict);
  assert.deepEqual(verdicts, ['fail', 'pass', 'fail']);
  assert.equal(failing.verdict, 'fail');
  assert.match(checkOf(failing, 'load: errors')!.observed, /^\d+ of \d+, \d+\.\d+ %$/);
  const script = judged({ outcome: 'thresholds' });
  assert.deepEqual([script.verdict, checkOf(script, 'load: thresholds of the script')?.verdict], ['fail', 'fail']);
});

test('other thresholds can be asked of the same recording', () => {
  const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }));
  const { scenario } = recording.meta;
  const stricter = { ...scenario, load: { ...scenario.load!, thresholds: { p99: 1 } } };
  assert.deepEqual([judge(recording).verdict, judge(recording, stricter).verdict], ['pass', 'fail']);
});

test('dropped requests, and a load that ended early, are told', () => {
  assert.match(
    warningsOf(judged({ dropped: 40 }), /not sent/)[0] ?? '',
    /^of \d+ requests of the load open itself dropped 40 \(0\.\d+ %\)/,
  );
  assert.match(warningsOf(judged({ to: 5000 }), /load ended/)[0] ?? '', /before the end of recovery/);
  assert.deepEqual(warningsOf(judged({}), /load ended|not sent/), []);
});

test('where load and probes see the same outage, nothing is said of it', () => {
  assert.deepEqual(warningsOf(judged({ trouble: [GONE] }), /disagree/), []);
  const open = { from: 1200, to: Infinity };
  const both = judged({ trouble: [open] }, { streams: [{ name: 'vote', trouble: [{ ...open, error: 'refused' }] }] });
  assert.deepEqual(warningsOf(both, /disagree/), []);
  assert.equal(both.load?.outages[0]?.open, true);
});

test('where they do not, both are told', () => {
  const longer = warningsOf(judged({ trouble: [{ from: 1200, to: 14_000 }] }), /disagree/);
  assert.equal(longer.length, 1);
  assert.match(
    longer[0]!,
    /the load saw it begin .* and end 1[34].* after it, vote begin 1\.\d s to 1\.\d s .* end 9\.\d s to 9\.\d s/,
  );
  assert.match(warningsOf(judged({}), /disagree/)[0] ?? '', /vote saw one begin .*, the load saw none then/);
  const none = judged({ trouble: [GONE] }, { streams: [{ name: 'vote' }] });
  assert.match(warningsOf(none, /disagree/)[0] ?? '', /the load saw one begin .*, vote saw none then/);
});

test('an outage shorter than the load can see, and one of another entry, are no disagreement', () => {
  const short = { streams: [{ name: 'vote', trouble: [{ from: 1000, to: 2500, error: 'refused' as const }] }] };
  assert.deepEqual(warningsOf(judged({}, short), /disagree/), []);
  assert.deepEqual(warningsOf(judged({ target: 'http://10.9.9.9/' }), /disagree/), []);
});

test('the load is compared with the probe whose request it sends, where that is probed: another one may need what this one does not', () => {
  const trouble = [{ ...GONE, error: 'refused' as const }];
  const both = { streams: [{ name: 'vote', trouble }, { name: 'page.reused' }] };
  assert.deepEqual(warningsOf(judged({}, both), /disagree/), []);
  const gone = { streams: [{ name: 'vote' }, { name: 'page', trouble }] };
  assert.match(warningsOf(judged({}, gone), /disagree/).join(), /^the load and page disagree/);
});

test('a load that was over, or rested, when the outage came has nothing to disagree with', () => {
  const late = { streams: [{ name: 'vote', trouble: [{ from: 8200, to: 13_400, error: 'refused' as const }] }] };
  assert.deepEqual(warningsOf(judged({ to: 5000 }, late), /disagree/), []);
  assert.match(warningsOf(judged({ to: 12_000 }, late), /disagree/).join(), /the load saw none then/);
  const recording = withLoad(syntheticRecording(late));
  const t0 = judge(recording).t0!.from;
  const rests = (at: number) => at >= t0 + 8000 && at < t0 + 12_000;
  const resting = recording.load.map((second) =>
    rests(second.at) ? { ...second, offered: 0, sent: 0, ok: 0 } : second,
  );
  assert.deepEqual(warningsOf(judge({ ...recording, load: resting }), /disagree/), []);
});

test('an outage that the load sees in two parts, because one answer was good, is one', () => {
  const parts = [
    { from: GONE.from, to: 4000 },
    { from: 4600, to: GONE.to },
  ];
  const findings = judged({ trouble: parts });
  assert.equal(findings.load?.outages.length, 2);
  assert.deepEqual(warningsOf(findings, /disagree/), []);
});

test('of outages that flap, those too short for the load to see are no earlier beginning and no later end of what it saw', () => {
  const times = [
    { from: 1200, to: 2000 },
    { from: 2150, to: 3000 },
    { from: 3150, to: 9000 },
    { from: 9150, to: 10_000 },
  ];
  const trouble = times.map((one) => ({ ...one, error: 'timeout' as const }));
  const told = (from: number, to: number) =>
    warningsOf(judged({ trouble: [{ from, to }] }, { streams: [{ name: 'vote', trouble }] }), /disagree/).length;
  assert.equal(told(3150, 9000), 0);
  assert.equal(told(1200, 10_000), 0);
  assert.equal(told(5500, 9000), 1, 'it had to see the long one begin');
  assert.equal(told(3150, 6500), 1, 'it had to see the long one end');
});

test('who waits longer is answered where the other is not: the shorter outage has to lie in the longer one', () => {
  const inside = { from: GONE.from + 2500, to: GONE.to - 2500 };
  const outside = { from: GONE.from - 2500, to: GONE.to + 2500 };
  const told = (trouble: { from: number; to: number }[], timeout: number) =>
    warningsOf(judged({ trouble, use: { timeout } }), /disagree/).length;
  const patient = [told([inside], 30_000), told([outside], 30_000), told([], 30_000)];
  const equal = [told([inside], 900), told([outside], 900), told([], 900)];
  const impatient = [told([inside], 90), told([outside], 90), told([], 90)];
  assert.deepEqual({ patient, equal, impatient }, { patient: [0, 1, 0], equal: [1, 1, 1], impatient: [1, 0, 1] });
});

test('the load is compared with the kind of connection that it uses, where that is probed', () => {
  const trouble = [{ ...GONE, error: 'refused' as const }];
  const streams = [{ name: 'page' }, { name: 'page.reused', connection: 'reused' as const, trouble }];
  assert.deepEqual(warningsOf(judged({ trouble: [GONE] }, { streams }), /disagree/), []);
  const onNew = judged({ trouble: [GONE], use: { connection: 'new' } }, { streams });
  assert.match(warningsOf(onNew, /disagree/).join(), /^the load and page disagree/);
});

test('a load that ends in an outage has not seen its end, and says so', () => {
  const [warning] = warningsOf(
    judged({ trouble: [{ from: 4000, to: 60_000 }], to: 8000 }, { streams: [{ name: 'vote' }] }),
    /disagree/,
  );
  assert.match(
    warning ?? '',
    /the load saw one begin .* after the fault and not end before the load did, vote saw none then/,
  );
});

test('a prober that the load disturbed makes the run unknown', () => {
  const late = { latenessMs: { p50: 5, p99: 30, max: 90 } };
  const { verdict, checks } = judged({ trouble: [GONE] }, { prober: late });
  assert.equal(verdict, 'unknown');
  assert.equal(checks.find(({ kind }) => kind === 'prober-fit')?.verdict, 'unknown');
});

test('runs under different loads are no repetitions of one another', () => {
  const recording = syntheticRecording({ streams: [{ name: 'vote' }] });
  const keyed = (one: Recording) => keyOf(factorsOf({ meta: one.meta, findings: judge(one) }));
  const keys = [recording, withLoad(recording), withLoad(recording, { rate: 200 })].map(keyed);
  assert.equal(new Set(keys).size, 3);
  const scripts = ['0123456789ab', 'ba9876543210'].map((script) => {
    const one = withLoad(recording, { use: { engine: 'k6', probe: undefined, script: 'k6/voting.ts' } });
    for (const event of one.events) if (event.kind === 'load-end' && event.report) event.report.script = script;
    return keyed(one);
  });
  assert.notEqual(scripts[0], scripts[1], 'a script that was changed');
  assert.equal(
    keyed(withLoad(recording, { use: { thresholds: { p95: 5 } } })),
    keys[1],
    'limits judge, and change nothing',
  );
});
