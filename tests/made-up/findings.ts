/** A run and its findings made by hand, with something of everything that a report must show. */
import type {
  Check,
  Degradation,
  Findings,
  Outage,
  SecondBin,
  StreamFindings,
  VantageFindings,
} from '../../analysis/findings.ts';
import type { ProberReport } from '../../probes/prober/plan.ts';
import type { RunMeta } from '../../recording/recording.ts';

const T0 = 61_200;

const REPORT: ProberReport = {
  scheduled: { vote: 3_100, 'vote.reused': 3_100, result: 1_550 },
  recorded: { vote: 3_100, 'vote.reused': 3_100, result: 1_550 },
  latenessMs: { p50: 0.2, p99: 1.2, max: 9.1 },
  eventLoopMs: { p50: 1.1, p99: 2.4, max: 14 },
  nullStream: { scheduled: 3_100, failed: 0 },
  proberErrors: {},
  priority: 'cgroup',
  cpuMs: 6_210,
};

export function runByHand(): RunMeta {
  const stream = (name: string, connection: 'new' | 'reused', writes: boolean) => ({
    name,
    kind: writes ? ('vote' as const) : ('result' as const),
    target: 'http://10.0.0.1:8080',
    every: writes ? 50 : 100,
    timeout: 900,
    connection,
    writes,
    idPrefix: `r1-${name}-`,
    options: {},
  });
  return {
    version: 1,
    id: '20260102-101500-node-kill-7f3a',
    origin: { monotonic: '1000000000', wall: Date.UTC(2026, 0, 2, 10, 15) },
    suite: '0.1.0',
    seed: 42,
    scenario: {
      file: 'scenarios/voting/node-kill.yaml',
      title: 'Voting goes on when a node dies',
      workload: 'voting',
      variant: 'as-is',
      steady: 60_000,
      horizon: 120_000,
      faults: [{ fault: 'node-kill', options: { node: { running: 'vote' } } }],
      probes: {
        vote: { every: 50, timeout: 900, connection: 'both' },
        result: { every: 100, timeout: 900, connection: 'new' },
      },
      objectives: { vote: { recovery: 15_000, availability: 0.99, lost: 0 }, result: { recovery: 30_000 } },
      stop: [],
      expect: 'fail',
      breaksQuorum: false,
      seed: 42,
    },
    cluster: { name: 'lab-swarm', file: 'clusters/lab-swarm.yaml', platform: 'swarm' },
    namespace: 'brownout-7f3a',
    services: { vote: 2, result: 1, redis: 1, db: 1, worker: 1 },
    streams: [stream('vote', 'new', true), stream('vote.reused', 'reused', true), stream('result', 'new', false)],
  };
}

function outage(from: number, length: number, every: number, errors: Record<string, number>): Outage {
  const failures = Object.values(errors).reduce((sum, n) => sum + n, 0);
  return {
    start: { from: from - every, to: from },
    end: { from: from + length, to: from + length + every },
    open: false,
    inner: length,
    outer: length + 2 * every,
    failures,
    errors,
  };
}

function stream(name: string, every: number, writes: boolean, outages: Outage[]): StreamFindings {
  const failed = outages.reduce((sum, { failures }) => sum + failures, 0);
  const scheduled = Math.round(90_000 / every);
  const latency = { p50: 4.2, p95: 11.8, p99: 31, n: Math.round(60_000 / every) };
  const mark = (ms: number) => ({ ms, bracket: { from: ms - every, to: ms + 3 } });
  return {
    stream: name,
    every,
    connection: name.endsWith('.reused') ? 'reused' : 'new',
    writes,
    steady: { scheduled: latency.n, ok: latency.n, latency },
    during: {
      scheduled,
      ok: scheduled - failed,
      failed: failed - Math.floor(failed / 3),
      indeterminate: writes ? Math.floor(failed / 3) : 0,
      latency: { p50: 4.9, p95: 340, p99: 900, n: scheduled },
      answered: 338,
      gap: every * 1.1,
    },
    availability: (scheduled - failed) / scheduled,
    wholeSeconds: 0.81,
    worst: { s1: 0, s10: 0.12, s60: 0.8 },
    tte: mark(412),
    ttfs: mark(1_310),
    ttsr: mark(name === 'result' ? 27_400 : 21_950),
    errorWindow: mark(20_870),
    errorSeconds: (failed * every) / 1000,
    degradedSeconds: 21,
    goodput: { steady: 1000 / every, during: (1000 / every) * 0.82 },
    resilienceLoss: 11.4,
    degradationScore: 0.47,
    minQ: 0,
    errorBudget: 0.021,
    outages,
    headline: outages.toSorted((a, b) => b.outer - a.outer)[0],
    errors: outages.reduce<Record<string, number>>((sum, { errors }) => {
      for (const [error, n] of Object.entries(errors)) sum[error] = (sum[error] ?? 0) + n;
      return sum;
    }, {}),
    instances: { '3f2a91c0d5e1': 800, b81c77e02f44: 912 },
  };
}

function bins(seconds: number): SecondBin[] {
  return Array.from({ length: seconds }, (_, second) => {
    const since = second - T0 / 1000;
    const wave = 1 + 0.3 * Math.sin(second * 1.7) + 0.15 * Math.sin(second * 0.37);
    const ok = (share: number, scheduled: number) => Math.round(share * scheduled);
    const vote = since < 0 || since > 21.5 ? 1 : since < 6 ? 0 : since < 14 ? 0.5 : 0.9;
    const result = since < 0 || since > 27 ? 1 : since < 12 ? 1 : since < 24 ? 0 : 0.8;
    const slow = since > 0 && since < 30 ? 9 : 1;
    let kind: Degradation = 'full';
    if (vote === 0 && result === 0) kind = 'down';
    else if (vote === 0) kind = 'read-only';
    else if (vote < 1 || result < 1) kind = 'partial';
    else if (slow > 1 && since > 0) kind = 'slow';
    return {
      second,
      class: kind,
      streams: {
        vote: { scheduled: 20, ok: ok(vote, 20), p50: 4 * wave, p95: 12 * wave * slow },
        'vote.reused': { scheduled: 20, ok: ok(Math.min(1, vote + 0.2), 20), p50: 2 * wave, p95: 6 * wave * slow },
        result: { scheduled: 10, ok: ok(result, 10), p50: result ? 8 * wave : 0, p95: result ? 20 * wave * slow : 900 },
      },
    };
  });
}

/** Nobody noticed; users were out for 14 s; lost after 12 s; never reached. */
function vantages(all: SecondBin[]): VantageFindings[] {
  const names = ['vote', 'vote.reused', 'result'];
  const seen = (outages: Outage[]) => names.map((name) => stream(name, name === 'result' ? 100 : 50, false, outages));
  const quiet = (bin: SecondBin): SecondBin => ({ ...bin, class: 'full' });
  const dark = (bin: SecondBin): SecondBin => {
    const since = bin.second - T0 / 1000;
    return since > -1 && since < 14 ? { ...bin, class: 'down' } : quiet(bin);
  };
  const fit: Check = { kind: 'prober-fit', verdict: 'pass', what: 'prober fit', observed: 'all', wanted: 'all' };
  const unfit: Check = { ...fit, verdict: 'unknown', observed: 'nothing was probed from there: ssh ops@far: exit 255' };
  const prober = { ...REPORT, priority: 'none' as const };
  const clock = { error: 0.42, looks: 155 };
  return [
    { vantage: 'inside', place: 'ssh ops@w1', checks: [fit], clock, streams: seen([]), bins: all.map(quiet), prober },
    {
      vantage: 'branch-office',
      place: 'ssh://ops@branch.example.org:2222',
      checks: [fit],
      clock: { ...clock, error: 31.2 },
      streams: seen([outage(T0 + 212, 13_880, 50, { timeout: 200, unreachable: 77 })]),
      bins: all.map(dark),
      prober,
    },
    {
      vantage: 'cloud',
      place: 'kubectl exec -i prober --',
      checks: [fit],
      until: T0 + 12_050,
      lost: 'kubectl exec -i prober --: the connection ended with code 1',
      clock,
      streams: seen([]),
      bins: all.map(quiet).filter(({ second }) => second * 1000 < T0 + 12_050),
      prober: null,
    },
    { vantage: 'far', place: 'ssh ops@far', checks: [unfit], streams: [], bins: [], prober: null },
  ];
}

export function findingsByHand(): Findings {
  const votes = [
    outage(T0 + 412, 5_600, 50, { timeout: 90, refused: 22 }),
    outage(T0 + 7_400, 0, 50, { reset: 1 }),
    outage(T0 + 14_020, 2_350, 50, { timeout: 40, status: 8 }),
  ];
  const results = [outage(T0 + 12_100, 11_900, 100, { closed: 2, refused: 117 })];
  const streams = [
    stream('vote', 50, true, votes),
    stream('vote.reused', 50, true, votes.slice(0, 1)),
    stream('result', 100, false, results),
  ];
  const all = bins(155);
  const degradation: Findings['degradation'] = { full: 0, slow: 0, 'read-only': 0, stale: 0, partial: 0, down: 0 };
  for (const bin of all) degradation[bin.class] += 1;
  return {
    version: 1,
    run: '20260102-101500-node-kill-7f3a',
    title: 'Voting goes on when a node dies',
    verdict: 'fail',
    checks: [
      {
        kind: 'writes-lost',
        stream: 'vote',
        verdict: 'fail',
        what: 'vote: acknowledged writes lost',
        observed: '3 of 1712: r1-vote-1201, r1-vote-1204, r1-vote-1207',
        wanted: 'none',
      },
      { kind: 'recovery', stream: 'vote', verdict: 'fail', what: 'vote: recovery', observed: '22 s', wanted: '≤ 15 s' },
      {
        kind: 'writes-lost',
        stream: 'vote.reused',
        verdict: 'unknown',
        what: 'vote.reused: acknowledged writes lost',
        observed: 'could not be read back',
        wanted: 'none',
      },
      {
        kind: 'recovery',
        stream: 'result',
        verdict: 'pass',
        what: 'result: recovery',
        observed: '27.4 s',
        wanted: '≤ 30 s',
      },
      {
        kind: 'steady-state',
        stream: 'vote',
        verdict: 'pass',
        what: 'vote: steady state',
        observed: '100 % ok over 60 s (1200 probes)',
        wanted: '≥ 99.90 % ok over 60 s, at least 20 probes',
      },
      {
        kind: 'fault-confirmed',
        verdict: 'pass',
        what: 'fault confirmed',
        observed: 'after 1.4 s',
        wanted: 'proof from outside',
      },
      { kind: 'prober-fit', verdict: 'pass', what: 'prober fit', observed: 'lateness p99 1.2 ms', wanted: '≤ 25 ms' },
    ],
    objectives: runByHand().scenario.objectives,
    faults: [{ fault: 'node-kill', meaning: { kind: 'node death' } }],
    t0: { from: T0, to: T0 + 38 },
    confirmedAt: T0 + 1_420,
    healedAt: T0 + 30_100,
    phases: [
      { phase: 'preflight', from: -14_000, to: -12_400 },
      { phase: 'deploy', from: -12_400, to: -200 },
      { phase: 'steady', from: 0, to: T0 - 10 },
      { phase: 'inject', from: T0, to: T0 + 38 },
      { phase: 'confirm', from: T0 + 38, to: T0 + 1_420 },
      { phase: 'hold', from: T0 + 1_420, to: T0 + 30_000 },
      { phase: 'heal', from: T0 + 30_000, to: T0 + 33_100 },
      { phase: 'recover', from: T0 + 33_100, to: T0 + 90_000 },
      { phase: 'verify', from: T0 + 90_000, to: T0 + 93_000 },
      { phase: 'clean up', from: T0 + 93_000, to: T0 + 99_000 },
    ],
    streams,
    split: [
      { step: 'first failure', mark: { ms: 412, bracket: { from: 362, to: 412 } }, from: 'vote' },
      { step: 'fault confirmed', mark: { ms: 1_420, bracket: { from: 1_382, to: 1_420 } }, from: 'power state of w1' },
      {
        step: 'platform noticed',
        mark: { ms: 13_100, bracket: { from: 13_062, to: 13_100 } },
        from: 'node w1 is down',
      },
      { step: 'rescheduled', mark: { ms: 13_260 }, from: 'task vote.2 assigned to w2' },
      { step: 'started', mark: { ms: 19_420 }, from: 'task vote.2 started on w2' },
      { step: 'first success', mark: { ms: 20_010, bracket: { from: 19_960, to: 20_010 } }, from: 'vote' },
      { step: 'stable', mark: { ms: 21_950, bracket: { from: 21_900, to: 21_953 } }, from: 'vote' },
    ],
    ttd: { ms: 13_100, bracket: { from: 13_062, to: 13_100 } },
    degradation,
    durability: [
      {
        stream: 'vote',
        attempted: 1_812,
        acknowledged: 1_712,
        read: 1_714,
        indeterminate: 37,
        lost: ['r1-vote-1201', 'r1-vote-1204', 'r1-vote-1207'],
        recovered: 5,
        unexpected: [],
        duplicated: ['r1-vote-88'],
        backlog: { waited: 8_400, left: 0 },
      },
      {
        stream: 'vote.reused',
        attempted: 1_800,
        acknowledged: 1_733,
        read: 0,
        indeterminate: 12,
        lost: [],
        recovered: 0,
        unexpected: [],
        duplicated: [],
        backlog: undefined,
        unknown: 'the database could not be read: connection refused',
      },
    ],
    predictions: [
      {
        moment: 'replacement running',
        what: 'worker kill, vote with 2 replicas: replacement runs',
        formula: '(3 − u)·H + D + S',
        timers: {
          'H, heartbeat': { ms: 5_000, source: 'read' },
          'D, restart delay': { ms: 5_000, source: 'read' },
          'S, schedule and start': { ms: 2_500, source: 'assumed' },
        },
        window: { from: 17_500, to: 24_500 },
        measured: { ms: 19_420, bracket: { from: 19_400, to: 19_420 } },
        holds: true,
      },
      {
        moment: 'users served again',
        what: 'users through the edge',
        formula: 'gossip probe + suspicion',
        timers: { 'gossip probe': { ms: 1_500, source: 'assumed' } },
        window: { from: 5_000, to: 8_000 },
        measured: { ms: 21_950, bracket: { from: 21_900, to: 21_953 } },
        holds: false,
        note: 'front ends waited for redis, which ran on the same node: the prediction knows only the front ends.',
      },
    ],
    bins: all,
    vantages: vantages(all),
    timeline: [
      { at: T0 + 20, kind: 'act', text: 'power off w1' },
      { at: T0 + 13_100, kind: 'node-down', text: 'node w1 is down' },
      { at: T0 + 13_260, kind: 'member-scheduled', text: 'task vote.2 assigned to w2' },
      { at: T0 + 13_300, kind: 'member-scheduled', text: 'task redis.1 assigned to m1' },
      { at: T0 + 19_420, kind: 'member-started', text: 'task vote.2 started on w2' },
      { at: T0 + 19_800, kind: 'member-ready', text: 'task vote.2 is healthy' },
      { at: T0 + 30_100, kind: 'act', text: 'power on w1' },
      { at: T0 + 33_000, kind: 'node-ready', text: 'node w1 is ready' },
    ],
    prober: REPORT,
    cleanUp: { left: [], pending: [] },
    warnings: ['The worker takes at most 10 votes/s; 40 votes/s were sent: a backlog is expected.'],
    configuration: [
      { group: 'run', name: 'cluster', value: 'lab-swarm (swarm)' },
      { group: 'version', name: 'docker', value: '20.10.24' },
      { group: 'version', name: 'kernel', value: '6.1.0' },
      { group: 'nodes', name: 'nodes', value: '3 (1 manager)' },
      { group: 'target', name: 'target', value: 'worker w1', role: 'worker' },
      { group: 'timer', name: 'heartbeat period', value: '5 s', source: 'read' },
      { group: 'timer', name: 'restart delay', value: '5 s', source: 'read' },
      { group: 'run', name: 'vote replicas', value: '2' },
    ],
  };
}
