/** A file of claims: what somebody says of clusters, what that rests on there, and which scenarios answer it here. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FileError, throwIfAny } from '../files/diagnostic.ts';
import { findYaml } from '../files/find.ts';
import { projectPath } from '../files/project-path.ts';
import type { Finding } from '../files/source.ts';
import { didYouMean, validate } from '../files/validate.ts';
import { type Path, readYaml, type YamlFile } from '../files/yaml.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { parseDuration, parseShare } from '../units/units.ts';
import { toScenario } from './load.ts';
import type { Scenario } from './scenario.ts';

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

/** A number of a claim: `of` is a group, or a stream's name. */
export interface ClaimNumber {
  group: keyof typeof claimNumbers;
  name: string;
  /** Streams only. */
  stream?: string;
}

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

/** In the number's own unit: ms for times, fractions for shares. */
const amount = z
  .union([z.number(), z.string()], { error: AMOUNT })
  .meta({ examples: ['30s'] })
  .transform((written, context) => {
    const value = typeof written === 'number' ? written : (parseDuration(written) ?? parseShare(written));
    if (value !== undefined) return value;
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
  .refine(({ answers, compared, unanswered }) => answers.length + compared.length > 0 === (unanswered === undefined), {
    error: "expected 'answers' or 'compared', or 'unanswered' with the reason why there are none",
  });

export const claimsSchema = z.strictObject({
  title: line(120).describe('The heading of the page.'),
  about: z.string().min(1).max(2000).describe('What is repeated here, in a few sentences.'),
  claims: z
    .array(claim, { error: 'expected a list of claims: begin each with a dash' })
    .min(1, { error: 'expected at least one claim' }),
});

type Written = z.output<typeof claimsSchema>;
type Place = { file: string; scenario: Scenario; on: string[] | undefined };

/** A number, and what it must be. */
export interface Condition {
  number: ClaimNumber;
  atLeast?: number;
  atMost?: number;
}

/** One scenario that answers a claim. `file`: its project path. */
export interface Answer extends Place {
  holdsIf: 'pass' | 'fail' | 'nothing';
  limits: Condition[];
  given: Condition[];
  /** All that it names, those of `limits` and `given` too. */
  numbers: ClaimNumber[];
}

/** A number of one scenario beside the same of another, or on another platform. */
export interface ComparedNumber {
  number: ClaimNumber;
  of: Place;
  to: Place;
  holdsIf: 'less' | 'more';
  times: number;
}

export interface Claim {
  claim: string;
  restsOn: Written['claims'][number]['rests-on'];
  answers: Answer[];
  compared: ComparedNumber[];
  unanswered?: string;
}

export interface Claims {
  file: string;
  title: string;
  about: string;
  claims: Claim[];
}

/** Recognized by its keys. */
export function isClaimsFile({ value }: YamlFile): boolean {
  return typeof value === 'object' && value !== null && 'claims' in value && !('faults' in value);
}

/** Reads a file of claims, and the scenarios that it names. Throws FileError with the position of every mistake. */
export async function readClaims(file: string): Promise<Claims> {
  const yaml = readYaml(file);
  if (!isClaimsFile(yaml)) {
    const hint = 'a file of claims has `claims:`, a list';
    throw new FileError([yaml.source.diagnostic(yaml.at([]), 'not a file of claims', hint)]);
  }
  return toClaims(yaml);
}

/** The claims in an already parsed file. Throws FileError. */
export async function toClaims(yaml: YamlFile): Promise<Claims> {
  const { claims: written, ...head } = validate(yaml, claimsSchema);
  const reader = new Reader(yaml);
  const claims: Claim[] = [];
  for (const [index, one] of written.entries()) claims.push(await reader.claim(one, ['claims', index]));
  throwIfAny(yaml.source.diagnostics(reader.findings));
  return { file: yaml.source.file, ...head, claims };
}

/** Where a mistake was found, what is read is left incomplete: the findings are thrown. */
class Reader {
  readonly findings: Finding[] = [];
  readonly #yaml: YamlFile;
  readonly #scenarios = new Map<string, Promise<Scenario | undefined>>();

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
  }

  async claim(written: Written['claims'][number], at: Path): Promise<Claim> {
    const { claim, 'rests-on': restsOn, unanswered } = written;
    const answers: Answer[] = [];
    for (const [index, one] of written.answers.entries()) {
      const place = [...at, 'answers', index];
      const found = await this.#place(one, place);
      const named = one.numbers.flatMap((text, i) => this.#number(text, [...place, 'numbers', i], [found?.scenario]));
      const limits = this.#conditions(one.limits, [...place, 'limits'], found?.scenario);
      const given = this.#conditions(one.given, [...place, 'given'], found?.scenario);
      const all = [...named, ...[...limits, ...given].map(({ number }) => number)];
      const numbers = [...new Map(all.map((each) => [`${each.stream ?? each.group}: ${each.name}`, each])).values()];
      if (found) answers.push({ ...found, holdsIf: one['holds-if'], limits, given, numbers });
    }
    const compared: ComparedNumber[] = [];
    for (const [index, one] of written.compared.entries()) {
      const place = [...at, 'compared', index];
      const [of, to] = [await this.#place(one.of, [...place, 'of']), await this.#place(one.to, [...place, 'to'])];
      const [number] = this.#number(one.number, [...place, 'number'], [of?.scenario, to?.scenario]);
      if (of && to && number) compared.push({ number, of, to, holdsIf: one['holds-if'], times: one.times });
    }
    return { claim, restsOn, answers, compared, ...(unanswered === undefined ? {} : { unanswered }) };
  }

  async #place({ scenario: name, on }: z.output<typeof side>, at: Path): Promise<Place | undefined> {
    const known = Object.keys(registeredPlatforms());
    for (const [index, platform] of (on ?? []).entries()) {
      if (known.includes(platform)) continue;
      this.#finding(
        [...at, 'on', index],
        `there is no platform '${platform}'`,
        didYouMean(platform, known, 'platform'),
      );
    }
    const file = fileOf(this.#yaml, name);
    const scenario = await this.#scenario(file, name, [...at, 'scenario']);
    return scenario && { file, scenario, on };
  }

  async #scenario(file: string, name: string, at: Path): Promise<Scenario | undefined> {
    if (!existsSync(file)) {
      this.#finding(at, `there is no scenario ${name}`, 'a path as seen from this file');
      return undefined;
    }
    const reading = this.#scenarios.get(file) ?? readScenario(file);
    this.#scenarios.set(file, reading);
    const scenario = await reading;
    if (!scenario) this.#finding(at, `${name} is no valid scenario`, `brownout check ${file}`);
    return scenario;
  }

  #conditions(written: z.output<typeof conditions>, at: Path, scenario: Scenario | undefined): Condition[] {
    return Object.entries(written).flatMap(([text, { 'at-least': atLeast, 'at-most': atMost }]) =>
      this.#number(text, [...at, text], [scenario], 'key').map((number) => ({
        number,
        ...(atLeast === undefined ? {} : { atLeast }),
        ...(atMost === undefined ? {} : { atMost }),
      })),
    );
  }

  /** The number that is meant, and a finding unless all of the scenarios have it. */
  #number(text: string, at: Path, of: readonly (Scenario | undefined)[], where: 'key' | 'at' = 'at'): ClaimNumber[] {
    const [, before, name] = /^(?:(.+): )?(.+)$/s.exec(text) ?? [];
    const group = before === undefined ? 'run' : before === 'load' || before === 'file' ? before : 'stream';
    const known: readonly string[] = claimNumbers[group];
    if (name === undefined || !known.includes(name)) {
      const hint = didYouMean(name ?? text, known, 'number');
      this.#finding(at, `there is no number '${text}'`, hint, where);
      return [];
    }
    if (group !== 'stream') return [{ group, name }];
    for (const scenario of of) {
      const streams = scenario ? streamsOf(scenario) : undefined;
      if (!streams || streams.includes(before!)) continue;
      this.#finding(at, `${scenario!.file} has no stream '${before}'`, didYouMean(before!, streams, 'stream'), where);
    }
    return [{ group, name, stream: before! }];
  }

  #finding(at: Path, message: string, hint: string | undefined, where: 'key' | 'at' = 'at'): void {
    this.findings.push({ span: this.#yaml[where](at), message, ...(hint === undefined ? {} : { hint }) });
  }
}

function streamsOf({ probes }: Scenario): string[] {
  return Object.entries(probes).flatMap(([name, { connection }]) =>
    connection === 'both' ? [name, `${name}.reused`] : [name],
  );
}

async function readScenario(file: string): Promise<Scenario | undefined> {
  try {
    return (await toScenario(readYaml(file))).scenario;
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

const fileOf = ({ source }: YamlFile, name: string) => projectPath(path.join(path.dirname(source.file), name));

/** A scenario file that is to be run. */
export interface ScenarioUse {
  file: string;
  /** The platforms for which claims ask it; on all unless some do. */
  on?: string[];
}

/**
 * The scenario files that paths stand for, in their order. A folder stands for all in it, and a file of claims for the scenarios that
 * answer them, on the platforms that they name: those are also not run elsewhere when they are in that folder. Throws FileError for a path that
 * does not exist, and for a file of claims with a mistake.
 */
export async function findScenarioUses(paths: readonly string[]): Promise<ScenarioUse[]> {
  const files = findYaml(paths);
  const uses = new Map<string, ScenarioUse>();
  const asked = new Map<string, Set<string>>();
  for (const file of files) {
    const yaml = parsed(file);
    if (!yaml || !isClaimsFile(yaml)) {
      uses.set(path.resolve(file), { file });
      continue;
    }
    for (const place of placesOf(await toClaims(yaml))) {
      const key = path.resolve(place.file);
      if (!uses.has(key)) uses.set(key, { file: place.file });
      const platforms = asked.get(key) ?? new Set();
      for (const platform of place.on ?? Object.keys(registeredPlatforms())) platforms.add(platform);
      asked.set(key, platforms);
    }
  }
  return [...uses].map(([key, use]) => {
    const platforms = asked.get(key);
    return platforms ? { ...use, on: [...platforms] } : use;
  });
}

/** The same, without where claims ask them. */
export async function findScenarios(paths: readonly string[]): Promise<string[]> {
  return (await findScenarioUses(paths)).map(({ file }) => file);
}

export function placesOf({ claims }: Claims): Place[] {
  return claims.flatMap(({ answers, compared }) => [...answers, ...compared.flatMap(({ of, to }) => [of, to])]);
}

/** What is wrong with it is told by whoever reads it as what it is. */
function parsed(file: string): YamlFile | undefined {
  try {
    return readYaml(file);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
