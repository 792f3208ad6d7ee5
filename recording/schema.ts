/**
 * What a recording says, as far as its readers rely on it. Zod, as for the files that people write: a recording has a few thousand
 * events, and checking one takes microseconds. Keys that are not listed are kept and not looked at.
 */
import { z } from 'zod';
import type { Evidence } from '../faults/fault.ts';
import type { WrittenLoad } from '../load/schema.ts';
import type { Meaning } from '../platforms/meaning.ts';
import type { Act, Inspection, Json, PlatformEvent, Target } from '../platforms/platform.ts';
import type { ProberReport } from '../probes/prober/plan.ts';
import { LONGEST_RUN, streamSpec } from '../probes/samples.ts';
import type { Certificate } from '../probes/wire/certificate.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { LoadReport, LoadSecond, Phase, RunEvent, RunMeta } from './recording.ts';

/** A key that objects always have, and JSON only where it has a value. */
export function orUndefined<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.optional() as unknown as z.ZodType<T | undefined>;
}

const text = z.string();
const count = z.number().min(0);
/** ms since the run's origin. */
const time = z.number().min(0).max(LONGEST_RUN);
const texts = z.array(text);
const counts = z.record(text, count);

export const phase: z.ZodType<Phase> = z.enum([
  'preflight',
  'deploy',
  'steady',
  'inject',
  'confirm',
  'hold',
  'heal',
  'recover',
  'verify',
  'clean up',
]);

const CLAIM = { claim: text.optional() };

export const meaning: z.ZodType<Meaning> = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('neighbour'),
    takes: text,
    remedy: z.looseObject({ option: text, isGiven: z.boolean() }),
    ...CLAIM,
  }),
  z.looseObject({ kind: z.literal('shutdown'), policy: text.optional(), ...CLAIM }),
  z.looseObject({
    kind: z.enum([
      'node death',
      'isolation',
      'control-plane silence',
      'drain',
      'node unavailable',
      'restart',
      'replacement',
      'nothing',
    ]),
    ...CLAIM,
  }),
]);

export const objective = z.looseObject({
  recovery: count.optional(),
  availability: count.optional(),
  outage: count.optional(),
  lost: count.optional(),
  p95: count.optional(),
});

const load: z.ZodType<WrittenLoad> = z.looseObject({
  engine: z.enum(['open', 'autocannon', 'k6']),
  probe: text.optional(),
  rate: count.optional(),
  for: count.optional(),
  stages: z.array(z.looseObject({ rate: count, for: count })).optional(),
  connections: count.optional(),
  amount: count.optional(),
  connection: z.enum(['new', 'reused']),
  timeout: count,
  script: text.optional(),
  runners: count.optional(),
  thresholds: z.looseObject({ p95: count.optional(), p99: count.optional(), errors: count.optional() }),
});

const scenario: z.ZodType<Scenario> = z.looseObject({
  file: text,
  title: text,
  workload: text,
  variant: z.enum(['as-is', 'hardened']),
  steady: time,
  horizon: time,
  faults: z.array(z.looseObject({ fault: text, options: z.record(text, z.unknown()) })),
  probes: z.record(
    text,
    z.looseObject({
      every: count,
      timeout: count,
      connection: z.enum(['new', 'reused', 'both']),
      exact: z.boolean().optional(),
    }),
  ),
  objectives: z.record(text, objective),
  load: load.optional(),
  stop: z.array(z.looseObject({ stream: text, below: z.number(), window: z.number(), text })),
  expect: z.enum(['pass', 'fail']),
  breaksQuorum: z.boolean(),
  seed: orUndefined(z.number()),
});

/** No later moment is a date, epoch ms. */
const LATEST = 8.64e15;

export const runMeta: z.ZodType<RunMeta> = z.looseObject({
  version: z.literal(1, { error: 'expected version 1: read it with the suite that wrote it' }),
  id: text,
  origin: z.looseObject({ monotonic: text.regex(/^\d+$/), wall: z.number().min(0).max(LATEST) }),
  suite: text,
  seed: z.number(),
  project: text.optional(),
  scenario,
  cluster: z.looseObject({ name: text, file: text, platform: text, probeInterval: z.number().positive().optional() }),
  namespace: text,
  services: z.record(text, z.union([z.number(), z.literal('all')])),
  streams: z.array(streamSpec),
  vantages: z.record(text, text).optional(),
});

const member = z.looseObject({
  id: text,
  service: text,
  node: text,
  state: z.enum(['starting', 'running', 'stopping', 'failed']),
  ready: z.boolean(),
  namespace: text.optional(),
  instance: text.optional(),
});

const target: z.ZodType<Target> = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('node'), node: text, why: text }),
  z.looseObject({ kind: z.literal('member'), member, node: text, why: text }),
  z.looseObject({ kind: z.literal('service'), service: text, why: text }),
]);

/** Whatever comes out of JSON. */
const json = z.custom<Json>();

const act: z.ZodType<Act> = z.looseObject({ verb: text, args: z.record(text, json) });

const inspection: z.ZodType<Inspection> = z.looseObject({
  platform: text,
  versions: z.record(text, text),
  nodes: z.array(
    z.looseObject({
      name: text,
      role: z.enum(['manager', 'worker']),
      leader: z.boolean(),
      ready: z.boolean(),
      schedulable: z.boolean(),
      address: text,
      networks: z.array(text).optional(),
      cloudAddressed: z.literal(true).optional(),
      labels: z.record(text, text),
    }),
  ),
  quorum: z.looseObject({ managers: count, reachable: count, needed: count }),
  timers: z.array(z.looseObject({ name: text, ms: count, source: z.enum(['read', 'assumed']) })),
});

const platformEvent: z.ZodType<PlatformEvent> = z.looseObject({
  kind: z.enum([
    'node-down',
    'node-ready',
    'leader-changed',
    'member-scheduled',
    'member-started',
    'member-ready',
    'member-stopped',
    'member-failed',
    'control-plane-lost',
    'control-plane-back',
    'unwatched',
    'other',
  ]),
  text,
  unwatched: z.enum(['nodes', 'members', 'leader']).optional(),
  wall: z.number().optional(),
  unseenFor: z.number().min(0).optional(),
  /** As older recordings said it: epoch ms. */
  since: z.number().optional(),
  node: text.optional(),
  member: text.optional(),
  service: text.optional(),
});

const spread = z.looseObject({ p50: count, p99: count, max: count });

export const proberReport: z.ZodType<ProberReport> = z.looseObject({
  scheduled: counts,
  recorded: counts,
  latenessMs: spread,
  eventLoopMs: spread,
  nullStream: z.looseObject({ scheduled: count, failed: count }),
  proberErrors: counts,
  suspendedMs: z.number().min(0).optional(),
  priority: z.enum(['cgroup', 'nice', 'none']),
  cpuMs: count,
});

/** A share of a second, or of a whole load: how many requests, and how long the good answers took, ms. */
const loadCounts = {
  offered: count,
  sent: count,
  ok: count,
  failed: count,
  dropped: count,
  p50: count,
  p95: count,
  p99: count,
  max: count,
  least: z.looseObject({ p95: count, p99: count }).optional(),
  errors: counts,
  drops: counts.optional(),
  lateness: count.optional(),
};

export const loadSecond: z.ZodType<LoadSecond> = z.looseObject({ at: time, ...loadCounts });

export const loadTotals = z.looseObject({
  ...loadCounts,
  p50: count.optional(),
  p95: count.optional(),
  p99: count.optional(),
});
export const loadOutcome = z.union([z.enum(['done', 'stopped', 'thresholds']), z.looseObject({ failed: text })]);

const loadReport: z.ZodType<LoadReport> = z.looseObject({
  engine: text,
  began: time,
  ended: time,
  totals: loadTotals,
  outcome: loadOutcome,
  cpuMs: count.optional(),
  summary: z.unknown().optional(),
  script: text.optional(),
  thrown: z.looseObject({ times: count, last: text }).optional(),
});

const claim = z.looseObject({ what: text, wanted: text, observed: text, met: z.boolean() });
/** `expectation`: what older suites called a claim. */
const evidence: z.ZodType<Evidence> = z.looseObject({ text, claim: claim.optional(), expectation: claim.optional() });

/** Epoch ms that a date can have. */
const moment = z.number().min(-8.64e15).max(8.64e15);
export const certificate: z.ZodType<Certificate> = z.looseObject({
  subject: text,
  issuer: text,
  from: moment,
  until: moment,
  trouble: text.optional(),
});

const kinds = [
  z.looseObject({
    at: time,
    kind: z.literal('phase'),
    phase,
    state: z.enum(['begin', 'end', 'failed']),
    message: text.optional(),
  }),
  z.looseObject({ at: time, kind: z.literal('inspection'), inspection, when: z.enum(['before', 'after']) }),
  z.looseObject({
    at: time,
    kind: z.literal('targets'),
    fault: text,
    targets: z.array(target),
    meaning: meaning.optional(),
    services: counts.optional(),
  }),
  z
    .looseObject({
      at: time,
      kind: z.literal('act'),
      act,
      from: time,
      fault: text.optional(),
      healing: z.boolean().optional(),
      error: text.optional(),
    })
    .refine(({ at, from }) => from <= at, { error: 'it ends before it begins' }),
  z.looseObject({
    at: time,
    kind: z.literal('evidence'),
    of: z.enum(['fault', 'healed']),
    fault: text,
    evidence: evidence.nullable(),
  }),
  z.looseObject({ at: time, kind: z.literal('platform'), event: platformEvent }),
  z.looseObject({ at: time, kind: z.literal('stop'), condition: text, text }),
  z.looseObject({ at: time, kind: z.literal('prober'), report: proberReport.nullable(), error: text.optional() }),
  z.looseObject({ at: time, kind: z.literal('load-begin'), what: text, target: text.optional() }),
  z.looseObject({ at: time, kind: z.literal('load-end'), report: loadReport.nullable(), error: text.optional() }),
  z.looseObject({
    at: time,
    kind: z.literal('vantage'),
    vantage: text,
    report: proberReport.nullable(),
    error: text.optional(),
  }),
  z.looseObject({
    at: time,
    kind: z.literal('gauges'),
    service: text,
    member: text,
    node: text,
    values: z.record(text, z.number()).nullable(),
    error: text.optional(),
  }),
  z.looseObject({
    at: time,
    kind: z.literal('certificate'),
    target: text,
    certificate: certificate.nullable(),
    error: text.optional(),
  }),
  z.looseObject({ at: time, kind: z.literal('backlog'), stream: text, waited: count, left: count.nullable() }),
  z.looseObject({
    at: time,
    kind: z.literal('readback'),
    stream: text,
    ids: texts.nullable(),
    truncated: texts.optional(),
    altered: texts.optional(),
    error: text.optional(),
  }),
  z.looseObject({ at: time, kind: z.literal('difference'), left: texts.nullable(), error: text.optional() }),
  z.looseObject({ at: time, kind: z.literal('warning'), text }),
] as const;

const KNOWN = new Set(kinds.map((schema) => schema.shape.kind.value as string));

export const runEvent: z.ZodType<RunEvent> = z
  .looseObject({ kind: text })
  .superRefine(({ kind }, context) => {
    if (KNOWN.has(kind)) return;
    context.addIssue({
      code: 'custom',
      message: `an event '${kind}', which this version does not know: judge it with the suite that recorded it`,
    });
  })
  .pipe(z.discriminatedUnion('kind', kinds));
