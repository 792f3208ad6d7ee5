import { z } from 'zod';
import type { Fault } from '../faults/fault.ts';
import { loadSchema, type WrittenLoad } from '../load/schema.ts';
import { duration, formatDuration, parseDuration, parseShare, share } from '../units/units.ts';

/** Anything longer is probably a wrong unit: a run of more than a day is no longer a test. */
export const LONGEST = 86_400_000;

/** A duration within limits, inclusive. */
function between(least: number, most: number) {
  return duration
    .refine((ms) => ms >= least, { error: `expected at least ${formatDuration(least)}` })
    .refine((ms) => ms <= most, { error: `expected at most ${formatDuration(most)}` });
}

const expectation = z.enum(['pass', 'fail']);

const probe = z.strictObject({
  every: between(10, 10_000)
    .prefault('50ms')
    .describe('Interval between probes. Shorter finds the edges of an outage more exactly; 10ms is the least.'),
  timeout: between(10, 900)
    .prefault('900ms')
    .describe(
      'How long an answer may take. At most 900ms: TCP repeats a lost SYN after 1 s, so more would measure that.',
    ),
  connection: z
    .enum(['new', 'reused', 'both'])
    .prefault('new')
    .describe('A new connection for each probe, one that is kept, or two streams, one of each.'),
  exact: z
    .boolean()
    .describe(
      '`true`: what is to be shown depends on how often it comes. On a cluster whose `probe-interval` is longer the scenario is skipped; ' +
        'otherwise it comes less often there.',
    )
    .optional(),
});

const objective = z
  .strictObject({
    recovery: between(1, LONGEST)
      .describe(
        'Stable again after at most this time, counted from the fault: the start of the first 10 s that are as before.',
      )
      .optional(),
    availability: share
      .describe('Share of scheduled probes answered right, over fault and recovery, at least.')
      .optional(),
    outage: between(1, LONGEST).describe('No outage longer than this, at its outer bracket.').optional(),
    lost: z
      .int()
      .min(0)
      .describe('Acknowledged writes that are not found at the end, at most. Only for probes that write.')
      .meta({ examples: [0] })
      .optional(),
    p95: between(1, LONGEST).describe('95 % of answers within this time, over fault and recovery.').optional(),
  })
  .refine((limits) => Object.values(limits).some((limit) => limit !== undefined), {
    error: 'expected at least one limit: recovery, availability, outage, lost or p95',
  });

const STOP = /^<\s*(?<below>\S+\s?%)\s+for\s+(?<window>\S+)$/;
const STOP_EXPECTED = 'expected a limit such as `< 50% for 30s`';

const stopCondition = z
  .string({ error: STOP_EXPECTED })
  .meta({ examples: ['< 50% for 30s'] })
  .transform((text, context) => {
    const parts = STOP.exec(text)?.groups;
    const below = parseShare(parts?.below ?? '');
    const window = parseDuration(parts?.window ?? '');
    if (below !== undefined && window !== undefined && below > 0 && window >= 1000 && window <= LONGEST) {
      return { below, window, text };
    }
    const wrong =
      below === 0
        ? 'no share is below 0 %'
        : window !== undefined && window < 1000
          ? 'expected at least 1 s'
          : STOP_EXPECTED;
    context.addIssue({ code: 'custom', message: wrong });
    return z.NEVER;
  });

/** The schema of a scenario file, including faults and their options. */
export function scenarioSchema(faults: Record<string, Fault>) {
  const scenario = z.strictObject({
    title: z
      .string()
      .regex(/^(?!.*\p{C})\S(.{0,118}\S)?$/u, { error: 'expected one line of at most 120 characters' })
      .describe('What is claimed, in a few words.')
      .meta({ examples: ['Voting goes on when a node dies'] }),
    workload: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, { error: 'expected the name of a workload, such as voting' })
      .describe('What is deployed and used: a folder of fixtures/.')
      .meta({ examples: ['voting'] }),
    variant: z
      .enum(['as-is', 'hardened'])
      .describe('`as-is`: like the public manifests. `hardened`: as one would run it.'),
    steady: between(1000, LONGEST)
      .prefault('60s')
      .describe('How long the undisturbed service is watched first. Everything is compared with this time.'),
    faults: z
      .array(faultUse(faults), { error: 'expected a list of faults: begin each with a dash' })
      .describe(
        'What is done to the cluster, all at the same time. None, `[]`, where a load of `stages`, or of an `amount`, is what is done.',
      ),
    horizon: between(10_000, LONGEST)
      .prefault('120s')
      .describe(
        'How long recovery is waited for after the fault is healed. Later recovery is reported as `> horizon`.',
      ),
    probes: z
      .record(z.string(), probe)
      .refine((probes) => Object.keys(probes).length > 0, { error: 'expected at least one probe' })
      .describe('Which requests of users are imitated, by the names that the workload gives them, and how often.')
      .meta({ examples: [{ vote: { every: '50ms' } }] }),
    objectives: z
      .record(z.string(), objective)
      .prefault({})
      .describe('Limits by probe. What is not named is measured and not judged; lost writes always fail the run.'),
    load: loadSchema
      .describe('What users’ load looks like meanwhile: sent beside the probes, which go on judging.')
      .meta({ examples: [{ probe: 'page', rate: '500/s' }] })
      .optional(),
    stop: z
      .record(
        z
          .string()
          .regex(/^\S+\.availability$/, { error: 'expected a stream and its measure, such as result.availability' }),
        stopCondition,
      )
      .prefault({})
      .describe('When the fault is healed at once, before its time: `<stream>.availability: < 50% for 30s`.'),
    expect: z
      .union([expectation, z.record(z.string(), expectation)], {
        error: 'expected pass, fail, or one of them for each platform that is named: { PLATFORM: fail }',
      })
      .prefault('pass')
      .describe(
        '`fail`: the scenario shows a weakness and is green only if its verdict is fail, of a fault that was proven. Where a fault has ' +
          'an `expect` of its own, that is what must fail, and everything else must hold. Said by platform, `{ PLATFORM: fail }`, it is a weakness of ' +
          'that one alone; on others the scenario must pass.',
      )
      .meta({ examples: ['fail'] }),
    'breaks-quorum': z
      .boolean()
      .prefault(false)
      .describe("Allow targets whose loss takes the control plane's majority away."),
    seed: z
      .uint32({ error: 'expected a whole number from 0 to 4294967295' })
      .describe('Makes the choice of targets repeatable. Otherwise a new one is drawn, and reported.')
      .meta({ examples: [1] })
      .optional(),
  });
  return scenario.refine(({ faults, load }) => faults.length > 0 || isWhatIsDone(load), {
    path: ['faults'],
    error: 'expected at least one fault, or a load of stages, or one of an amount that says `for` how long at most',
  });
}

/** It can stand in place of a fault: it says itself how it goes, and ends. */
const isWhatIsDone = (load: WrittenLoad | undefined) =>
  load?.stages !== undefined || (load?.amount !== undefined && load.for !== undefined);

/** One item of `faults`: a map with one key, the fault, and its options. */
function faultUse(faults: Record<string, Fault>) {
  const names = Object.keys(faults);
  const shape = Object.fromEntries(
    Object.values(faults).map((fault) => [fault.name, fault.options.describe(fault.summary).optional()]),
  );
  return z
    .strictObject(shape, {
      error: (issue) => (issue.code === 'invalid_type' ? expectedFault(issue.input, names) : undefined),
    })
    .refine((use) => Object.keys(use).length === 1, {
      error: 'expected one fault in each list item: begin each with a dash',
    })
    .meta({ title: 'fault', minProperties: 1, maxProperties: 1 });
}

function expectedFault(input: unknown, names: string[]): string {
  const name = typeof input === 'string' ? input : (names[0] ?? 'node-kill');
  return `expected a fault with its options: \`${name}: { … }\``;
}
