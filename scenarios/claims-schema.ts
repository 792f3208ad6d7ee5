/** The schema of a file of claims, and the numbers that it can name. */
import { z } from 'zod';
import { registeredPlatforms } from '../platforms/index.ts';
import { parseDuration, parseShare } from '../units/units.ts';

/**
 * The numbers that a claim can name, by what they are of: the run as a whole, a stream (`page: p95`), its load (`load: knee`), a large file
 * (`file: sent a second`).
 */
export const claimNumbers = {
  run: ['recovery', 'availability', 'worst 10 s', 'lost', 'start-up', 'recovery in start-ups'],
  stream: [
    'stable',
    'longest outage',
    'availability before',
    'availability',
    'worst 10 s',
    'goodput before',
    'goodput',
    'p95 before',
    'p95',
    'p95 of before',
    'p99 before',
    'p99',
  ],
  load: ['answered', 'answered a second', 'p95', 'p99', 'knee', 'best second', 'back after'],
  file: ['sent a second', 'back a second', 'whole files', 'wrong', 'longest stop'],
} as const;

const line = (most: number) =>
  z.string().regex(new RegExp(`^(?!.*\\p{C})\\S(.{0,${most - 2}}\\S)?$`, 'u'), {
    error: `expected one line of at most ${most} characters`,
  });

const scenarioPath = z
  .string()
  .min(1)
  .describe('A scenario file, as seen from this one.')
  .meta({ examples: ['../apache/node-kill.yaml'] });

const on = z
  .array(z.string(), { error: 'expected a list of platforms' })
  .min(1)
  .describe('The platforms on which it answers the claim; on all unless said. Elsewhere it is not run.')
  .meta({ examples: [Object.keys(registeredPlatforms()).slice(0, 2)] })
  .optional();

const number = z
  .string()
  .min(1)
  .meta({ examples: ['page: p95'] });

const AMOUNT = 'expected a number, a duration such as 30s, or a percentage such as 99.9%';

/** How an amount of a number is written: `30s`, `99.9%`, or a plain number. */
export type Written = 'duration' | 'share' | 'number';

const DURATIONS = [
  ...['recovery', 'start-up', 'stable', 'longest outage', 'p95 before', 'p95', 'p99 before', 'p99'],
  ...['back after', 'longest stop'],
];
const SHARES = ['availability', 'availability before', 'worst 10 s', 'answered'];

export const writtenAs = (name: string): Written =>
  DURATIONS.includes(name) ? 'duration' : SHARES.includes(name) ? 'share' : 'number';

/** In the number's own unit: ms for times, fractions for shares. */
const amount = z
  .union([z.number(), z.string()], { error: AMOUNT })
  .meta({ examples: ['30s'] })
  .transform((written, context): { value: number; as: Written } => {
    if (typeof written === 'number') return { value: written, as: 'number' };
    const [time, part] = [parseDuration(written), parseShare(written)];
    if (time !== undefined) return { value: time, as: 'duration' };
    if (part !== undefined) return { value: part, as: 'share' };
    context.addIssue({ code: 'custom', message: AMOUNT });
    return z.NEVER;
  });

const conditions = z.record(
  z.string(),
  z
    .strictObject({ 'at-least': amount.optional(), 'at-most': amount.optional() })
    .refine((limit) => Object.values(limit).some((one) => one !== undefined), {
      error: 'expected at-least, at-most, or both',
    }),
);

const answer = z.strictObject({
  scenario: scenarioPath,
  on,
  'holds-if': z
    .enum(['pass', 'fail', 'nothing'])
    .prefault('pass')
    .describe(
      'The verdict of the scenario with which the claim holds; with the other one it does not. `nothing`: not by its verdict; without `limits` its numbers are shown, and decide nothing.',
    ),
  limits: conditions
    .prefault({})
    .describe('What numbers must be for the claim to hold, besides: outside of them it does not.')
    .meta({ examples: [{ lost: { 'at-most': 0 } }] }),
  given: conditions
    .prefault({})
    .describe('What numbers must be for a run to be of that claim at all: outside of them it is unknown.')
    .meta({ examples: [{ 'vote: longest outage': { 'at-least': '5s' } }] }),
  numbers: z
    .array(number)
    .prefault(['recovery', 'availability'])
    .describe(
      `What is shown of it: ${claimNumbers.run.join(', ')}; of a stream, \`load\` or \`file\`, as in \`page: p95\`.`,
    ),
});

const side = z.strictObject({ scenario: scenarioPath, on });

const comparison = z.strictObject({
  number: number.describe('What is compared, by the same names as `numbers`.'),
  of: side.describe('What the claim is about.'),
  to: side.describe('What it is compared with.'),
  'holds-if': z.enum(['less', 'more']).describe('The claim holds if it is less than that, or more.'),
  times: z
    .number()
    .positive()
    .prefault(1)
    .describe('Than so many times that: 0.9 with `more` says that it is no more than a tenth less.'),
});

const claim = z
  .strictObject({
    claim: line(300).describe('What is claimed, in one sentence.'),
    'rests-on': z.strictObject({
      where: line(80)
        .describe('Where it is said.')
        .meta({ examples: ['chapter 2'] }),
      measured: z.boolean().describe('Whether it was measured there.'),
      how: line(400).describe('What it rests on there: how it was measured, or that it was not.'),
    }),
    answers: z.array(answer).prefault([]).describe('The scenarios that answer it.'),
    compared: z
      .array(comparison)
      .prefault([])
      .describe('Numbers of two scenarios, or of two platforms, that decide it.'),
    unanswered: line(400).describe('Instead: why nothing here answers it.').optional(),
  })
  .refine(({ answers, compared, unanswered }) => answers.length + compared.length > 0 || unanswered !== undefined, {
    error: "expected 'answers' or 'compared', or 'unanswered' with the reason why there are none",
  })
  .refine(({ answers, compared, unanswered }) => answers.length + compared.length === 0 || unanswered === undefined, {
    path: ['unanswered'],
    error: "'unanswered' says why there are no 'answers' and nothing 'compared', and there are: leave one out",
  });

export const claimsSchema = z.strictObject({
  title: line(120).describe('The heading of the page.'),
  about: z.string().min(1).max(2000).describe('What is repeated here, in a few sentences.'),
  claims: z
    .array(claim, { error: 'expected a list of claims: begin each with a dash' })
    .min(1, { error: 'expected at least one claim' }),
});

export type WrittenClaim = z.output<typeof claim>;
export type WrittenSide = z.output<typeof side>;
export type WrittenConditions = z.output<typeof conditions>;
