import { z } from 'zod';
import { duration, formatDuration, rate, share } from '../units/units.ts';

/** A day: anything longer is probably a wrong unit. */
const LONGEST = 86_400_000;
/** What one core can send is less, and the engine says so; more is probably a wrong unit. */
const FASTEST = 50_000;
const MOST_CONNECTIONS = 10_000;
const MOST_REQUESTS = 100_000_000;
const MOST_RUNNERS = 100;

/** A duration within limits, inclusive. */
function between(least: number, most: number) {
  return duration
    .refine((ms) => ms >= least, { error: `expected at least ${formatDuration(least)}` })
    .refine((ms) => ms <= most, { error: `expected at most ${formatDuration(most)}` });
}

const upTo = rate.refine((perSecond) => perSecond <= FASTEST, { error: `expected at most ${FASTEST}/s` });

const stage = z.strictObject({
  rate: upTo.describe("What the rate has become at the stage's end."),
  for: between(1000, LONGEST).describe('How long the rate takes from that of the stage before to this one, in a line.'),
});

const thresholds = z.strictObject({
  p95: between(1, LONGEST).describe('95 % of the good answers within this time, over the whole load.').optional(),
  p99: between(1, LONGEST).describe('99 % of them.').optional(),
  errors: share.describe('Share of requests that failed, at most.').optional(),
});

/** A load as scenarios and load files say it. What the schema cannot say, `loadMistakes` does. */
export const loadSchema = z.strictObject({
  engine: z
    .enum(['open', 'autocannon', 'k6'])
    .prefault('open')
    .describe(
      '`open`: requests by the clock, whether or not earlier ones were answered, as those of users. `autocannon`: a closed model, each of ' +
        '`connections` asks again once it was answered. `k6`: a script, by the k6 of this machine.',
    ),
  probe: z
    .string()
    .min(1)
    .describe(
      'Which request of users is sent, by the name that the workload gives it. For `open` and `autocannon`; one that asks by HTTP.',
    )
    .meta({ examples: ['page'] })
    .optional(),
  rate: upTo
    .refine((perSecond) => perSecond > 0, { error: 'expected more than 0/s' })
    .describe('Requests a second, all the time.')
    .optional(),
  for: between(1000, LONGEST)
    .describe('How long at most. A scenario ends its load by itself, after recovery.')
    .optional(),
  stages: z
    .array(stage, { error: 'expected a list of stages: begin each with a dash' })
    .min(1, { error: 'expected at least one stage' })
    .refine((stages) => stages.some((each) => each.rate > 0), { error: 'expected a stage with a rate above 0/s' })
    .describe('Instead of `rate`: from 0/s to the rate of the first stage, on to that of the next one, and so on.')
    .meta({ examples: [[{ rate: '1000/s', for: '60s' }]] })
    .optional(),
  connections: z
    .int()
    .min(1)
    .max(MOST_CONNECTIONS)
    .describe('How many ask at the same time, in a closed model.')
    .optional(),
  amount: z.int().min(1).max(MOST_REQUESTS).describe('How many requests in all, in a closed model.').optional(),
  connection: z
    .enum(['new', 'reused'])
    .prefault('reused')
    .describe('A new connection for each request, or ones that are kept.'),
  timeout: between(10, 60_000)
    .prefault('900ms')
    .describe('How long an answer may take. Of a script: what it gives its requests, if it asks for it.'),
  script: z
    .string()
    .min(1)
    .describe('For `k6`: a script in TypeScript or JavaScript, as seen from the current folder.')
    .meta({ examples: ['k6/voting.ts'] })
    .optional(),
  runners: z
    .int()
    .min(1)
    .max(MOST_RUNNERS)
    .describe('For `k6`, on a cluster that has k6-operator: from so many pods.')
    .optional(),
  thresholds: thresholds
    .prefault({})
    .describe('Limits of the whole load. What is not named is measured and not judged.'),
});

export type WrittenLoad = z.output<typeof loadSchema>;
