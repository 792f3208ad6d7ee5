/** The key `load` of a scenario: what load is sent beside the probes, in normal form. */
import { z } from 'zod';
import { list } from '../files/validate.ts';
import type { EngineName } from '../load/load.ts';
import { formatDuration, formatRate, rate, share } from '../units/units.ts';
import { between, LONGEST } from './between.ts';

/** More requests a second than this no machine sends; what is more is a typing mistake. */
const FASTEST = 100_000;
const MOST_CONNECTIONS = 20_000;
const MOST_RUNNERS = 100;

const perSecond = rate.refine((value) => value <= FASTEST, { error: `expected at most ${formatRate(FASTEST)}` });

/** Which keys each engine takes, and which of them it cannot do without. */
const OWN: Record<EngineName, { needs: readonly string[]; takes: readonly string[] }> = {
  open: { needs: ['probe'], takes: ['rate', 'stages'] },
  autocannon: { needs: ['probe', 'connections', 'amount'], takes: [] },
  k6: { needs: ['script'], takes: ['rate', 'stages', 'connections', 'amount', 'runners'] },
};
const OF_ENGINES = ['probe', 'rate', 'stages', 'connections', 'amount', 'script', 'runners'] as const;

export const load = z
  .strictObject({
    engine: z
      .enum(['open', 'autocannon', 'k6'])
      .prefault('open')
      .describe(
        '`open`: the suite’s own, each request when it is due, whatever became of the others. `autocannon`: a number of connections, each asking again once it was answered (a closed ' +
          'model). `k6`: a script, run by the k6 on the PATH.',
      ),
    probe: z
      .string()
      .describe('Whose request is sent: a probe of the workload that asks by HTTP. Engines `open` and `autocannon`.')
      .meta({ examples: ['page'] })
      .optional(),
    rate: perSecond
      .refine((value) => value > 0, { error: 'expected more than 0/s: a load of nothing is none' })
      .describe('Requests a second, from the steady state to the end of recovery. Engines `open` and `k6`.')
      .optional(),
    stages: z
      .array(
        z.strictObject({
          rate: perSecond.describe('Requests a second at the end of the stage, reached evenly.'),
          for: between(1000, LONGEST).describe('How long the stage takes.'),
        }),
        { error: 'expected a list of stages: `[{ rate: 1000/s, for: 60s }, { rate: 0/s, for: 60s }]`' },
      )
      .min(1, { error: 'expected at least one stage' })
      .refine((stages) => stages.length === 0 || stages.some((stage) => stage.rate > 0), {
        error: 'expected a stage with more than 0/s: a load of nothing is none',
      })
      .describe(
        'Instead of `rate`: one that changes, from 0/s on. Begins with the steady state, and ends with its last stage.',
      )
      .meta({ examples: [[{ rate: '1000/s', for: '60s' }]] })
      .optional(),
    connections: z
      .int()
      .min(1)
      .max(MOST_CONNECTIONS)
      .describe('How many ask at the same time. Engine `autocannon`, and scripts of k6 that have such a model.')
      .meta({ examples: [1000] })
      .optional(),
    amount: z
      .int()
      .min(1)
      .describe('How many requests there are in all. Engine `autocannon`, and scripts of k6 that have such a model.')
      .meta({ examples: [20_000] })
      .optional(),
    connection: z
      .enum(['new', 'reused'])
      .prefault('reused')
      .describe('A new connection for each request, or kept ones.'),
    timeout: between(10, 60_000)
      .prefault('900ms')
      .describe(
        'How long an answer may take. Longer than that of the probes, the load sees outages later than they do, or not at all.',
      ),
    script: z
      .string()
      .min(1)
      .describe('A script of k6, TypeScript or JavaScript: a path from the current folder, or one of the suite’s own.')
      .meta({ examples: ['k6/voting.ts'] })
      .optional(),
    runners: z
      .int()
      .min(1)
      .max(MOST_RUNNERS)
      .describe('On a Kubernetes cluster with k6-operator: so many runners there, and none here. Engine `k6`.')
      .meta({ examples: [4] })
      .optional(),
    thresholds: z
      .strictObject({
        p95: between(1, LONGEST)
          .describe('95 % of the load’s answers within this time, over the whole load.')
          .optional(),
        p99: between(1, LONGEST).describe('99 % of them within this time.').optional(),
        errors: share.describe('At most this share of its requests failed, over the whole load.').optional(),
      })
      .prefault({})
      .describe('Limits of the load itself; each is a check of the verdict.'),
  })
  .superRefine((written, context) => {
    const { needs, takes } = OWN[written.engine];
    const say = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const key of OF_ENGINES) {
      if (written[key] === undefined || needs.includes(key) || takes.includes(key)) continue;
      const others = Object.entries(OWN).flatMap(([engine, own]) =>
        own.needs.includes(key) || own.takes.includes(key) ? [engine] : [],
      );
      say(key, `'${key}' is of the engine ${list(others)}, and this load's is ${written.engine}`);
    }
    for (const key of needs) if (written[key as (typeof OF_ENGINES)[number]] === undefined) say(key, UNSAID);
    if (written.rate !== undefined && written.stages !== undefined)
      say('stages', "a load has either 'rate' or 'stages'");
    if (written.engine === 'open' && written.rate === undefined && written.stages === undefined) say('rate', UNSAID);
    const { p95 = Infinity, p99 = Infinity } = written.thresholds;
    for (const [key, limit] of [['p95', p95] as const, ['p99', p99] as const]) {
      if (!Number.isFinite(limit) || limit < written.timeout) continue;
      context.addIssue({
        code: 'custom',
        path: ['thresholds', key],
        message: `no answer is waited for longer than ${formatDuration(written.timeout)}: it could never be missed`,
      });
    }
  });

/** Not shown: where a key is missing, that is said. */
const UNSAID = 'missing';
