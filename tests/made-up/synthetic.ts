/**
 * Recordings made up for tests, of this room and of reports: a service with known outages, watched by an ideal prober.
 * Nothing in the suite itself reads them.
 */
import { meaningOf } from '../../faults/meaning.ts';
import type { Inspection, PlatformEvent, Target } from '../../platforms/platform.ts';
import { type ErrorClass, errorClasses, outcomes, type StreamSpec } from '../../probes/probe.ts';
import type { ProberReport } from '../../probes/prober/plan.ts';
import type { StreamSamples } from '../../probes/samples.ts';
import type { Recording } from '../../recording/read.ts';
import type { Phase, RunEvent, RunMeta } from '../../recording/recording.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { seeded } from '../../units/random.ts';

/** A period in which requests fail, or are slow; `from` and `to` in ms since t₀ (negative: before the fault). */
interface Trouble {
  from: number;
  to: number;
  /** How requests fail. Left out: they do not, they take `takes` ms. */
  error?: ErrorClass;
  /** Latency, ms; a failure takes 1 ms unless it is a timeout. */
  takes?: number;
  /** Share of requests that it hits; all by default. */
  share?: number;
}

export interface SyntheticStream {
  name: string;
  every?: number;
  timeout?: number;
  writes?: boolean;
  /** Latency of a good answer, ms. */
  latency?: number;
  trouble?: Trouble[];
  /** The replicas that answer in turn. */
  instances?: string[];
  /** How many of the writes that were acknowledged first are not read back. */
  lost?: number;
}

export interface SyntheticRun {
  seed?: number;
  steady?: number;
  /** How long the injecting call takes, ms. */
  width?: number;
  hold?: number;
  recover?: number;
  streams: SyntheticStream[];
  scenario?: Partial<Scenario>;
  /** `at` in ms since t₀. */
  platform?: { at: number; event: PlatformEvent }[];
  confirmed?: boolean;
  /** Whom each fault of the scenario hits; the first one alone, w1, unless said. */
  targets?: Target[][];
  /** Members that each service had there; `not recorded` as in older recordings. */
  services?: Record<string, number> | 'not recorded';
  inspection?: Partial<Inspection>;
  prober?: Partial<ProberReport>;
}

const BEFORE_STEADY = 2000;
const W1: Target = { kind: 'node', node: 'w1', why: 'runs vote' };
const WALL = Date.UTC(2026, 0, 31);

export function syntheticRecording(options: SyntheticRun): Recording {
  const { seed = 1, steady = 10_000, width = 200, hold = 20_000, recover = 20_000 } = options;
  const t0 = BEFORE_STEADY + steady;
  const healing = t0 + width + hold;
  const end = healing + recover;
  const random = seeded(seed);
  const scenario = { ...scenarioOf(options.streams, steady, hold), ...options.scenario };
  const instances = ['', ...new Set(options.streams.flatMap(({ instances: names }) => names ?? []))];
  const streams = options.streams.map((stream) => samplesOf(stream, { t0, end, random, instances }));
  const meta: RunMeta = {
    version: 1,
    id: 'synthetic',
    origin: { monotonic: '0', wall: WALL },
    suite: '0.0.0',
    seed,
    scenario,
    cluster: { name: 'synthetic', file: 'clusters/synthetic.yaml', platform: 'swarm' },
    namespace: 'brownout-synthetic',
    services: { vote: 2, result: 1, redis: 1, worker: 1, db: 1 },
    streams: streams.map(({ spec }) => spec),
  };
  const times = { t0, width, healing, end };
  return { meta, events: eventsOf(options, times, streams, scenario), streams, load: [], torn: 0, damages: [] };
}

function scenarioOf(streams: SyntheticStream[], steady: number, hold: number): Scenario {
  const names = [...new Set(streams.map(({ name }) => name.replace(/\.reused$/, '')))];
  return {
    file: 'scenarios/voting/node-kill.yaml',
    title: 'Voting goes on when a node dies',
    workload: 'voting',
    variant: 'hardened',
    steady,
    horizon: 120_000,
    faults: [{ fault: 'node-kill', options: { node: { running: 'vote' }, hold: `${hold / 1000}s` } }],
    probes: Object.fromEntries(names.map((name) => [name, { every: 50, timeout: 900, connection: 'new' as const }])),
    objectives: {},
    stop: [],
    expect: 'pass',
    breaksQuorum: false,
    seed: undefined,
  };
}

interface World {
  t0: number;
  end: number;
  random: () => number;
  instances: string[];
}

function specOf({ name, every = 50, timeout = 900, writes = false }: SyntheticStream): StreamSpec {
  return {
    name,
    kind: writes ? 'vote' : 'http',
    target: `http://10.0.0.1/${name}`,
    every,
    timeout,
    connection: name.endsWith('.reused') ? 'reused' : 'new',
    writes,
    idPrefix: `synthetic-${name}-`,
    options: {},
  };
}

function samplesOf(stream: SyntheticStream, { t0, end, random, instances }: World): StreamSamples {
  const spec = specOf(stream);
  const { every } = spec;
  const phase = random() * every;
  const n = Math.max(0, Math.floor((end - phase) / every));
  const samples: StreamSamples = {
    spec,
    n,
    seq: Uint32Array.from({ length: n }, (_, i) => i),
    due: new Float64Array(n),
    sent: new Float64Array(n),
    done: new Float64Array(n),
    outcome: new Uint8Array(n),
    error: new Uint8Array(n),
    status: new Uint16Array(n),
    instance: new Uint16Array(n),
    instances,
    piece: new Uint8Array(n),
    askedAgain: new Uint8Array(n),
    address: new Uint8Array(n),
    addresses: [''],
  };
  for (let i = 0; i < n; i++) {
    const due = phase + i * every + random() * every * 0.1;
    const sent = due + random() * 0.3;
    const hit = stream.trouble?.find(
      ({ from, to, share = 1 }) => due >= t0 + from && due < t0 + to && random() < share,
    );
    const error = hit?.error ?? 'none';
    const usual = (stream.latency ?? 4) * (0.75 + random() / 2);
    const takes = error === 'timeout' ? spec.timeout : (hit?.takes ?? (error === 'none' ? usual : 1));
    const outcome = error === 'none' ? 'ok' : error === 'timeout' && spec.writes ? 'indeterminate' : 'fail';
    samples.due[i] = due;
    samples.sent[i] = sent;
    samples.done[i] = sent + takes;
    samples.outcome[i] = outcomes.indexOf(outcome);
    samples.error[i] = errorClasses.indexOf(error);
    samples.status[i] = error === 'none' ? 200 : error === 'status' ? 503 : 0;
    const names = stream.instances ?? [];
    if (outcome === 'ok' && names.length > 0) samples.instance[i] = instances.indexOf(names[i % names.length]!);
  }
  return samples;
}

interface Times {
  t0: number;
  width: number;
  healing: number;
  end: number;
}

function eventsOf(run: SyntheticRun, times: Times, streams: StreamSamples[], scenario: Scenario): RunEvent[] {
  const { t0, width, healing, end } = times;
  const fault = scenario.faults[0]?.fault ?? 'node-kill';
  const inspection = { ...INSPECTION, ...run.inspection };
  const injected = t0 + width;
  const phase = (name: Phase, from: number, to: number): RunEvent[] => [
    { at: from, kind: 'phase', phase: name, state: 'begin' },
    { at: to, kind: 'phase', phase: name, state: 'end' },
  ];
  const evidence = run.confirmed === false ? null : { text: 'power agent: w1 is off' };
  const { targets = [[W1]], services = { vote: 1 } } = run;
  const events: RunEvent[] = [
    ...phase('preflight', 0, 200),
    ...phase('deploy', 200, BEFORE_STEADY - 500),
    { at: 1000, kind: 'inspection', inspection, when: 'before' },
    ...phase('steady', BEFORE_STEADY - 500, t0 - 300),
    ...phase('inject', t0 - 300, injected),
    ...targets.map(
      (hit, i): RunEvent => ({
        at: t0 - 100,
        kind: 'targets',
        fault: scenario.faults[i]?.fault ?? fault,
        targets: hit,
        meaning: meaningOf(scenario.faults[i] ?? { fault, options: {} }),
        ...(services === 'not recorded' ? {} : { services }),
      }),
    ),
    { at: injected, kind: 'act', act: { verb: 'power.off', args: { node: 'w1' } }, from: t0, fault },
    ...phase('confirm', injected, injected + 150),
    { at: injected + 140, kind: 'evidence', of: 'fault', fault, evidence },
    ...(run.platform ?? []).map(({ at, event }): RunEvent => ({ at: t0 + at, kind: 'platform', event })),
    ...phase('hold', injected + 150, healing),
    ...phase('heal', healing, healing + 400),
    {
      at: healing + 100,
      kind: 'act',
      act: { verb: 'power.on', args: { node: 'w1' } },
      from: healing,
      fault,
      healing: true,
    },
    { at: healing + 390, kind: 'evidence', of: 'healed', fault, evidence: { text: 'w1 answers again' } },
    ...phase('recover', healing + 400, end),
    { at: end + 50, kind: 'prober', report: { ...reportOf(streams), ...run.prober } },
    ...phase('verify', end, end + 900),
    ...run.streams.flatMap((stream, i) => (stream.writes ? readBackOf(stream, streams[i]!, end) : [])),
    { at: end + 880, kind: 'inspection', inspection, when: 'after' },
    ...phase('clean up', end + 900, end + 2000),
    { at: end + 1900, kind: 'difference', left: [] },
  ];
  return events.sort((a, b) => a.at - b.at);
}

function readBackOf({ lost = 0 }: SyntheticStream, samples: StreamSamples, end: number): RunEvent[] {
  const { name, idPrefix } = samples.spec;
  const acknowledged = Array.from(samples.seq).filter((_, i) => outcomes[samples.outcome[i]!] === 'ok');
  const ids = acknowledged.slice(lost).map((seq) => `${idPrefix}${seq}`);
  return [
    { at: end + 700, kind: 'backlog', stream: name, waited: 600, left: 0 },
    { at: end + 800, kind: 'readback', stream: name, ids },
  ];
}

function reportOf(streams: StreamSamples[]): ProberReport {
  const counts = Object.fromEntries(streams.map(({ spec, n }) => [spec.name, n]));
  return {
    scheduled: counts,
    recorded: { ...counts },
    latenessMs: { p50: 0.15, p99: 0.3, max: 0.3 },
    eventLoopMs: { p50: 1, p99: 1.5, max: 3 },
    nullStream: { scheduled: 1000, failed: 0 },
    proberErrors: {},
    priority: 'cgroup',
    cpuMs: 900,
  };
}

const INSPECTION: Inspection = {
  platform: 'swarm',
  versions: { docker: '20.10.24', kernel: '6.1.0' },
  nodes: (['m1', 'w1', 'w2'] as const).map((name) => ({
    name,
    role: name === 'm1' ? ('manager' as const) : ('worker' as const),
    leader: name === 'm1',
    ready: true,
    schedulable: true,
    address: '10.0.0.1',
    labels: {},
  })),
  quorum: { managers: 1, reachable: 1, needed: 1 },
  timers: [
    { name: 'dispatcher.heartbeat', ms: 5000, source: 'read' },
    { name: 'raft.election', ms: 10_000, source: 'assumed' },
    { name: 'restart.delay.vote', ms: 5000, source: 'read' },
    { name: 'health.interval.vote', ms: 2000, source: 'read' },
  ],
};

/**
 * A node dies under two front ends and the queue: votes fail until the platform replaced what was lost, and five are
 * gone.
 */
export function nodeKillRecording(): Recording {
  const on = (kind: PlatformEvent['kind'], text: string, service?: string): PlatformEvent => ({
    kind,
    text,
    service,
    node: service === undefined ? 'w1' : 'w2',
  });
  return syntheticRecording({
    hold: 30_000,
    streams: [
      {
        name: 'vote',
        writes: true,
        instances: ['vote-1', 'vote-2', 'vote-3'],
        lost: 5,
        trouble: [
          { from: 300, to: 1500, error: 'timeout' },
          { from: 1500, to: 21_400, error: 'status', takes: 30 },
          { from: 21_400, to: 23_000, takes: 40 },
        ],
      },
      { name: 'vote.reused', writes: true, trouble: [{ from: 310, to: 21_500, error: 'reset' }] },
      {
        name: 'result',
        every: 100,
        trouble: [
          { from: 250, to: 2250, error: 'timeout' },
          { from: 4000, to: 9000, error: 'stale', share: 0.5 },
          { from: 50_500, to: 50_700, error: 'refused' },
        ],
      },
    ],
    scenario: {
      variant: 'as-is',
      objectives: { vote: { recovery: 15_000, availability: 0.99, lost: 0 }, result: { recovery: 30_000 } },
    },
    services: { redis: 1, vote: 1 },
    platform: [
      { at: 13_100, event: on('node-down', 'node w1 is down') },
      { at: 13_200, event: on('member-scheduled', 'redis.1 assigned to w2', 'redis') },
      { at: 13_200, event: on('member-scheduled', 'vote.2 assigned to w2', 'vote') },
      { at: 20_400, event: on('member-ready', 'redis.1 runs on w2', 'redis') },
      { at: 21_200, event: on('member-ready', 'vote.2 runs on w2', 'vote') },
      { at: 33_800, event: on('node-ready', 'node w1 is ready') },
    ],
  });
}
