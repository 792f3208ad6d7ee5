/** `findings.json` as it is read back. */
import { z } from 'zod';
import {
  certificate,
  loadOutcome,
  loadSecond,
  loadTotals,
  meaning,
  objective,
  orUndefined,
  phase,
  proberReport,
} from '../recording/schema.ts';
import { checkKinds, degradations, type Findings } from './findings.ts';

const text = z.string();
/** NaN and what is infinite are null in JSON. */
const number = orNull(z.number());
const counts = z.record(text, z.number());
const texts = z.array(text);
const bracket = z.looseObject({ from: z.number(), to: z.number() });
const latency = z.looseObject({ p50: number, p95: number, p99: number, n: z.number() });
const verdict = z.enum(['pass', 'fail', 'unknown']);
const source = z.enum(['read', 'assumed']);

const mark = z.looseObject({
  ms: z.number().optional(),
  bracket: bracket.optional(),
  beyond: z.number().optional(),
});

const outage = z.looseObject({
  start: bracket,
  end: bracket,
  open: z.boolean(),
  inner: z.number(),
  outer: z.number(),
  failures: z.number(),
  errors: counts,
  instances: z.looseObject({ before: text.optional(), after: text.optional() }).optional(),
});

const check = z.looseObject({
  kind: z.enum(checkKinds),
  stream: text.optional(),
  fault: text.optional(),
  verdict,
  what: text,
  observed: text,
  wanted: text,
});

const stream = z.looseObject({
  stream: text,
  every: z.number(),
  connection: z.enum(['new', 'reused']),
  writes: z.boolean(),
  steady: z.looseObject({ scheduled: z.number(), ok: z.number(), latency }),
  during: z.looseObject({
    scheduled: z.number(),
    ok: z.number(),
    failed: z.number(),
    indeterminate: z.number(),
    latency,
    // Older findings did not have them.
    answered: z.number().default(0),
    gap: z.number().default(0),
  }),
  availability: number,
  wholeSeconds: number,
  worst: z.looseObject({ s1: number, s10: number, s60: number }),
  tte: mark,
  ttfs: mark,
  ttsr: mark,
  afterHealing: mark.optional(),
  errorWindow: mark,
  errorSeconds: number,
  degradedSeconds: number,
  goodput: z.looseObject({ steady: number, during: number }),
  resilienceLoss: number,
  degradationScore: orUndefined(z.number()),
  minQ: number,
  errorBudget: orUndefined(number),
  outages: z.array(outage),
  longestOutage: mark.optional(),
  headline: orUndefined(outage),
  errors: counts,
  instances: counts,
  askedAgain: z.number().optional(),
  addresses: counts.optional(),
});

const gauge = z.looseObject({
  name: text,
  instances: z.array(
    z.looseObject({
      member: text,
      node: text,
      points: z.array(z.looseObject({ at: z.number(), value: z.number().optional(), error: text.optional() })),
    }),
  ),
});

const bytes = z.number().min(0);
const pass = z.looseObject({ bytes, to: z.number().optional() });
const largeFile = z.looseObject({
  stream: text,
  size: bytes,
  files: z.array(z.looseObject({ from: z.number(), sent: pass, back: pass, wrong: bytes })),
  // Older findings did not count them.
  wholeSince: bytes.default(0),
  unseen: bytes.default(0),
  sentAgain: bytes,
  wrong: bytes,
  stop: z
    .looseObject({
      from: z.number(),
      to: z.number(),
      way: z.enum(['sent', 'back']),
      at: bytes,
      wentOnAt: bytes.optional(),
    })
    .optional(),
  proof: z.looseObject({ acknowledged: bytes, back: bytes }).optional(),
  throughput: z.array(z.looseObject({ second: z.number(), sent: bytes, back: bytes })),
});

const loadPart = z.looseObject({
  seconds: z.number(),
  offered: z.number(),
  sent: z.number(),
  ok: z.number(),
  failed: z.number(),
  dropped: z.number(),
});

const load = z.looseObject({
  engine: text,
  what: text,
  target: text.optional(),
  began: orUndefined(z.number()),
  ended: orUndefined(z.number()),
  totals: loadTotals.optional(),
  outcome: loadOutcome.optional(),
  error: text.optional(),
  steady: loadPart,
  during: loadPart,
  outages: z.array(
    z.looseObject({
      start: bracket,
      end: bracket,
      open: z.boolean(),
      inner: z.number(),
      outer: z.number(),
      offered: z.number(),
    }),
  ),
  knee: z
    .looseObject({
      peak: z.number(),
      best: z.number(),
      bend: z.looseObject({ rate: z.number(), from: z.number(), to: z.number() }).optional(),
      unclear: text.optional(),
      back: z.looseObject({ waited: z.number(), rate: z.number() }).nullable().optional(),
      below: z.number().optional(),
      unseen: text.optional(),
    })
    .optional(),
  seconds: z.array(loadSecond),
});

const durability = z.looseObject({
  stream: text,
  attempted: z.number(),
  acknowledged: z.number(),
  read: z.number(),
  indeterminate: z.number(),
  unrecorded: z.number().optional(),
  lost: texts,
  truncated: texts.optional(),
  altered: texts.optional(),
  recovered: z.number(),
  unexpected: texts,
  duplicated: texts,
  backlog: orUndefined(z.looseObject({ waited: z.number(), left: z.number().nullable() })),
  unknown: text.optional(),
});

const prediction = z.looseObject({
  moment: z.enum(['new leader', 'node noticed down', 'node reset', 'replacement running', 'users served again']),
  what: text,
  formula: text,
  timers: z.record(text, z.looseObject({ ms: z.number(), source })),
  window: bracket,
  measured: mark,
  holds: orUndefined(z.boolean()),
  note: text.optional(),
});

const step = z.looseObject({
  step: z.enum([
    'fault confirmed',
    'first failure',
    'platform noticed',
    'rescheduled',
    'started',
    'first success',
    'last stale connection',
    'stable',
  ]),
  mark,
  from: text,
});

const bin = z.looseObject({
  second: z.number(),
  class: z.enum(degradations),
  streams: z.record(text, z.looseObject({ scheduled: z.number(), ok: z.number(), p50: number, p95: number })),
});

const vantage = z.looseObject({
  vantage: text,
  place: text,
  checks: z.array(check),
  until: z.number().optional(),
  lost: text.optional(),
  clock: z.looseObject({ error: z.number(), looks: z.number() }).optional(),
  streams: z.array(stream),
  bins: z.array(bin),
  prober: proberReport.nullable(),
});

export const findingsSchema: z.ZodType<Findings> = z.looseObject({
  version: z.literal(1),
  run: text,
  title: text,
  verdict,
  checks: z.array(check),
  objectives: z.record(text, objective),
  faults: z.array(z.looseObject({ fault: text, meaning })),
  t0: orUndefined(bracket),
  confirmedAt: orUndefined(z.number()),
  healing: bracket.optional(),
  healedAt: orUndefined(z.number()),
  phases: z.array(z.looseObject({ phase, from: z.number(), to: z.number(), failed: text.optional() })),
  streams: z.array(stream),
  split: z.array(step),
  ttd: mark,
  degradation: z.record(z.enum(degradations), z.number()),
  durability: z.array(durability),
  predictions: z.array(prediction),
  unpredicted: text.optional(),
  bins: z.array(bin),
  vantages: z.array(vantage).optional(),
  gauges: z.array(gauge).optional(),
  largeFiles: z.array(largeFile).optional(),
  load: load.optional(),
  certificates: z
    .array(z.looseObject({ target: text, certificate: certificate.nullable(), error: text.optional() }))
    .optional(),
  timeline: z.array(z.looseObject({ at: z.number(), kind: text, text })),
  prober: proberReport.nullable(),
  cleanUp: z.looseObject({ left: orNull(texts), pending: orNull(texts) }),
  warnings: texts,
  configuration: z.array(
    z.looseObject({
      group: z.enum(['suite', 'run', 'target', 'members', 'stream', 'load', 'nodes', 'version', 'timer']),
      name: text,
      value: text,
      source: source.optional(),
      role: text.optional(),
    }),
  ),
});

function orNull<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return schema.nullable() as unknown as z.ZodType<T>;
}
