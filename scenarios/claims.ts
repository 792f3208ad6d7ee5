/** A file of claims: what somebody says of clusters, what that rests on there, and which scenarios answer it here. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { FileError, throwIfAny } from '../files/diagnostic.ts';
import { projectPath } from '../files/project-path.ts';
import type { Finding } from '../files/source.ts';
import { didYouMean, validate } from '../files/validate.ts';
import { type Path, readYaml, type YamlFile } from '../files/yaml.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { piecesOf } from '../probes/content.ts';
import {
  claimNumbers,
  claimsSchema,
  type WrittenClaim,
  type WrittenConditions,
  type WrittenSide,
  writtenAs,
} from './claims-schema.ts';
import type { ReadScenario } from './fit.ts';
import { toScenario } from './load.ts';
import { isRamp, type WrittenScenario } from './scenario.ts';

/** A number of a claim: `of` is a group, or a stream's name. */
export interface ClaimNumber {
  group: keyof typeof claimNumbers;
  name: string;
  /** Streams only. */
  stream?: string;
}

const EXPECTED = {
  duration: 'a duration with its unit, such as 30s',
  share: 'a percentage with its sign, such as 99.9%',
  number: 'a plain number',
};

type Place = { file: string; scenario: WrittenScenario; on: string[] | undefined };

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
  restsOn: WrittenClaim['rests-on'];
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
  readonly #scenarios = new Map<string, Promise<ReadScenario | undefined>>();

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
  }

  async claim(written: WrittenClaim, at: Path): Promise<Claim> {
    const { claim, 'rests-on': restsOn, unanswered } = written;
    const answers: Answer[] = [];
    for (const [index, one] of written.answers.entries()) {
      const place = [...at, 'answers', index];
      const found = await this.#place(one, place);
      const named = one.numbers.flatMap((text, i) => this.#number(text, [...place, 'numbers', i], [found?.read]));
      const limits = this.#conditions(one.limits, [...place, 'limits'], found?.read);
      const given = this.#conditions(one.given, [...place, 'given'], found?.read);
      const all = [...named, ...[...limits, ...given].map(({ number }) => number)];
      const numbers = [...new Map(all.map((each) => [`${each.stream ?? each.group}: ${each.name}`, each])).values()];
      if (found) answers.push({ ...found.place, holdsIf: one['holds-if'], limits, given, numbers });
    }
    const compared: ComparedNumber[] = [];
    for (const [index, one] of written.compared.entries()) {
      const place = [...at, 'compared', index];
      const [of, to] = [await this.#place(one.of, [...place, 'of']), await this.#place(one.to, [...place, 'to'])];
      const [number] = this.#number(one.number, [...place, 'number'], [of?.read, to?.read]);
      if (of && to && overlap(of.place, to.place))
        this.#finding(
          place,
          'it is compared with itself',
          'name another scenario, or platforms with `on` that only one of them has',
        );
      if (of && to && number) {
        compared.push({ number, of: of.place, to: to.place, holdsIf: one['holds-if'], times: one.times });
      }
    }
    return { claim, restsOn, answers, compared, ...(unanswered === undefined ? {} : { unanswered }) };
  }

  async #place(
    { scenario: name, on }: WrittenSide,
    at: Path,
  ): Promise<{ place: Place; read: ReadScenario } | undefined> {
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
    const read = await this.#scenario(file, name, [...at, 'scenario']);
    return read && { place: { file, scenario: read.scenario, on }, read };
  }

  async #scenario(file: string, name: string, at: Path): Promise<ReadScenario | undefined> {
    if (!existsSync(file)) {
      this.#finding(at, `there is no scenario ${name}`, 'a path as seen from this file');
      return undefined;
    }
    const reading = this.#scenarios.get(file) ?? readScenario(file);
    this.#scenarios.set(file, reading);
    const read = await reading;
    if (!read) this.#finding(at, `${name} is no valid scenario`, `brownout check ${file}`);
    return read;
  }

  #conditions(written: WrittenConditions, at: Path, read: ReadScenario | undefined): Condition[] {
    return Object.entries(written).flatMap(([text, limits]) => {
      const { 'at-least': least, 'at-most': most } = limits;
      const numbers = this.#number(text, [...at, text], [read], 'key');
      for (const [key, amount] of Object.entries(limits)) {
        const wanted = writtenAs(numbers[0]?.name ?? '');
        // Nothing is nothing, whatever it is of.
        if (numbers.length === 0 || amount === undefined || amount.as === wanted || amount.value === 0) continue;
        this.#finding([...at, text, key], `expected ${EXPECTED[wanted]}`, undefined);
      }
      if (least && most && least.value > most.value)
        this.#finding([...at, text], 'at-least is more than at-most: no number is both', undefined, 'key');
      return numbers.map((number) => ({
        number,
        ...(least === undefined ? {} : { atLeast: least.value }),
        ...(most === undefined ? {} : { atMost: most.value }),
      }));
    });
  }

  /** The number that is meant, and a finding unless all of the scenarios have it. */
  #number(
    text: string,
    at: Path,
    of: readonly (ReadScenario | undefined)[],
    where: 'key' | 'at' = 'at',
  ): ClaimNumber[] {
    const [, before, name] = /^(?:(.+): )?(.+)$/s.exec(text) ?? [];
    const group = groupOf(before, name);
    const known: readonly string[] = claimNumbers[group];
    if (name === undefined || !known.includes(name)) {
      const hint = didYouMean(name ?? text, known, 'number');
      this.#finding(at, `there is no number '${text}'`, hint, where);
      return [];
    }
    const missing = (read: ReadScenario, what: string, hint?: string) =>
      this.#finding(at, `${read.scenario.file} has no ${what}`, hint, where);
    for (const read of of) {
      if (!read) continue;
      if (group === 'load' && !read.scenario.load) missing(read, 'load');
      else if (group === 'load' && OF_A_RAMP.includes(name) && !isRamp(read.scenario))
        missing(read, 'load that rises in place of a fault', 'only of such a load it shows where it bends');
      if (group === 'file' && !hasLargeFile(read)) missing(read, 'probe of a large file');
      if (group === 'run' && name === 'lost' && !writes(read)) missing(read, 'probe that writes');
      const streams = streamsOf(read.scenario);
      if (group === 'stream' && !streams.includes(before!))
        missing(read, `stream '${before}'`, didYouMean(before!, streams, 'stream'));
    }
    if (group !== 'stream') return [{ group, name }];
    return [{ group, name, stream: before! }];
  }

  #finding(at: Path, message: string, hint: string | undefined, where: 'key' | 'at' = 'at'): void {
    this.findings.push({ span: this.#yaml[where](at), message, ...(hint === undefined ? {} : { hint }) });
  }
}

/** A probe may be called `file`, or `load`, too: then its numbers are those that only a stream has. */
function groupOf(before: string | undefined, name: string | undefined): ClaimNumber['group'] {
  if (before === undefined) return 'run';
  if (before !== 'load' && before !== 'file') return 'stream';
  const isOf = (group: keyof typeof claimNumbers) =>
    name !== undefined && (claimNumbers[group] as readonly string[]).includes(name);
  return !isOf(before) && isOf('stream') ? 'stream' : before;
}

function streamsOf({ probes }: WrittenScenario): string[] {
  return Object.entries(probes).flatMap(([name, { connection }]) =>
    connection === 'both' ? [name, `${name}.reused`] : [name],
  );
}

/** Numbers of a load that rises, and is what is done. */
const OF_A_RAMP: readonly string[] = ['knee', 'best second', 'back after'];

/** Some platform's runs are on both sides. */
const overlap = (one: Place, other: Place) =>
  one.file === other.file && (!one.on || !other.on || one.on.some((platform) => other.on!.includes(platform)));

/** What a script of k6 on this computer has written is looked for, too. */
const writes = ({ scenario: { probes, load }, workload }: ReadScenario) =>
  Object.keys(probes).some((name) => workload.probes[name]!.writes) ||
  (load?.engine === 'k6' && load.runners === undefined);

const hasLargeFile = ({ scenario, workload }: ReadScenario) =>
  Object.keys(scenario.probes).some((name) => piecesOf(workload.probes[name]!) !== undefined);

async function readScenario(file: string): Promise<ReadScenario | undefined> {
  try {
    return await toScenario(readYaml(file));
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

const fileOf = ({ source }: YamlFile, name: string) => projectPath(path.join(path.dirname(source.file), name));

export function placesOf({ claims }: Claims): Place[] {
  return claims.flatMap(({ answers, compared }) => [...answers, ...compared.flatMap(({ of, to }) => [of, to])]);
}

/** The scenario files that a file of claims names, whether or not it is valid. */
export function mayMean(yaml: YamlFile): string[] {
  const names: string[] = [];
  JSON.stringify(yaml.value, (key, value) => {
    if (key === 'scenario' && typeof value === 'string') names.push(value);
    return value;
  });
  return names.map((name) => fileOf(yaml, name));
}
