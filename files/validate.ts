import { z } from 'zod';
import { FileError } from './diagnostic.ts';
import { nearest } from './nearest.ts';
import { isSecretKey, withoutSecrets } from './secret.ts';
import type { Finding } from './source.ts';
import type { Path, YamlFile } from './yaml.ts';

/**
 * Validates a file against its schema. Throws FileError: every diagnostic says what was expected at which place, what
 * was found there, and the word that was probably meant.
 *
 * A schema's own messages begin with 'expected' or say what is wrong; what was found there is added here.
 */
export function validate<S extends z.ZodType>(file: YamlFile, schema: S): z.output<S> {
  const result = schema.safeParse(file.value, { error: plainWords });
  if (result.success) return result.data;
  const allowed = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const issues = withoutEchoes(file, result.error.issues, allowed);
  throw new FileError(file.source.diagnostics(issues.flatMap((issue) => explain(file, issue, allowed))));
}

/** The part of JSON Schema that is read here. */
export interface JsonSchema {
  type?: string;
  title?: string;
  description?: string;
  examples?: unknown[];
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

/** For an issue without a message in the schema: explained by its own fields. */
const UNSAID = 'not valid here';

type Issue = z.core.$ZodIssue;

const NOUNS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map (`key: value` lines)',
  record: 'a map (`key: value` lines)',
};

function noun(type: string): string {
  return NOUNS[type] ?? type;
}

/** zod's issues in our words, where the schema has none of its own. */
function plainWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${noun(issue.expected)}`;
    case 'invalid_value':
      return `expected ${list(issue.values.map(String))}`;
    case 'too_small':
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected ${issue.inclusive ? 'at most' : 'less than'} ${amount(issue.maximum, issue.origin)}`;
    case 'unrecognized_keys':
      return 'unknown key';
    case 'invalid_format':
      return `expected text of the form ${issue.format}`;
    default:
      return UNSAID;
  }
}

function amount(limit: number | bigint, origin: string): string {
  const things: Record<string, string> = { array: 'item', set: 'item', string: 'character', object: 'key' };
  const thing = things[origin];
  return thing === undefined ? String(limit) : `${limit} ${thing}${limit === 1 ? '' : 's'}`;
}

export function list(words: readonly string[], last = 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/**
 * Leaves out errors that only follow from a misspelt key: that the right key is missing, and that the map is not as it
 * should be.
 */
function withoutEchoes({ value }: YamlFile, issues: Issue[], allowed: JsonSchema): Issue[] {
  const unknown = new Set<string>();
  const meant = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    unknown.add(JSON.stringify(issue.path));
    for (const key of issue.keys) {
      const near = nearest(key, knownKeys(allowed, issue.path as Path));
      if (near !== undefined) meant.add(JSON.stringify([...issue.path, near]));
    }
  }
  return issues.filter(({ code, path }) => {
    const isMissing = valueAt(value, path as Path) === undefined;
    const place = JSON.stringify(path);
    return !(isMissing && meant.has(place)) && !(code === 'custom' && unknown.has(place));
  });
}

function explain(file: YamlFile, issue: Issue, allowed: JsonSchema, above: Path = []): Finding[] {
  const path = [...above, ...issue.path] as Path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(file, [...path, key], allowed));
  if (issue.code === 'invalid_key') {
    const message = `${issue.issues[0]?.message ?? 'not a valid key'}, got '${path.at(-1)}'`;
    return [{ span: file.key(path), message }];
  }
  const value = valueAt(file.value, path);
  if (issue.code === 'invalid_union') {
    const branch = issue.message === UNSAID && meantBranch(issue.errors, value);
    if (branch) return branch.flatMap((inner) => explain(file, inner, allowed, path));
    if (issue.message !== UNSAID)
      return [{ span: file.at(path), message: `${issue.message}, got ${shown(path, value)}` }];
    const wanted = issue.errors.flatMap((branch) => branch[0]?.message.replace(/^expected /, '') ?? []);
    const message = `expected ${list([...new Set(wanted)])}, got ${shown(path, value)}`;
    return [{ span: file.at(path), message }];
  }
  const schemas = schemasAt(allowed, path);
  if (value === undefined) {
    const example = schemas.flatMap((schema) => schema.examples ?? schema.enum ?? [])[0];
    const hint = example === undefined ? schemas[0]?.description : `for example \`${path.at(-1)}: ${flow(example)}\``;
    return [{ span: file.key(path.slice(0, -1)), message: `'${path.at(-1)}' is missing`, hint }];
  }
  const message = issue.message.startsWith('expected ') ? `${issue.message}, got ${shown(path, value)}` : issue.message;
  const hint = issue.code === 'custom' ? (issue.params?.hint as string | undefined) : meantWord(issue, value);
  return [{ span: file.at(path), message, hint }];
}

function unknownKey(file: YamlFile, path: Path, allowed: JsonSchema): Finding {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const what = schemasAt(allowed, parent).find((schema) => schema.title)?.title ?? 'key';
  const hint = didYouMean(key, knownKeys(allowed, parent), what);
  return { span: file.key(path), message: `unknown ${what} '${key}'`, hint };
}

function knownKeys(allowed: JsonSchema, path: Path): string[] {
  return [...new Set(schemasAt(allowed, path).flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

/** The hint for a word that is not among the known ones. */
export function didYouMean(word: string, known: readonly string[], what: string): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean '${near}'?`;
  return known.length === 0 ? undefined : `known ${what}s: ${known.join(', ')}`;
}

function meantWord(issue: Issue, value: unknown): string | undefined {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return undefined;
  const near = nearest(value, issue.values.map(String));
  return near && `did you mean '${near}'?`;
}

/** The alternative that the value was probably meant to be: its type matches, only something inside does not. */
function meantBranch(branches: Issue[][], value: unknown): Issue[] | undefined {
  const isContainer = typeof value === 'object' && value !== null;
  const fitting = branches.filter((issues) => {
    const first = issues[0];
    return first && (first.path.length > 0 || (first.code !== 'invalid_type' && first.code !== 'invalid_value'));
  });
  return isContainer || fitting.length === 1 ? fitting[0] : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

/** What a schema says of a path; several when there are alternatives. */
function schemasAt(schema: JsonSchema, path: Path): JsonSchema[] {
  const here = schema.anyOf ? schema.anyOf : [schema];
  const [step, ...rest] = path;
  if (step === undefined) return here;
  return here.flatMap((it) => {
    const additional = typeof it.additionalProperties === 'object' ? it.additionalProperties : undefined;
    const next = typeof step === 'number' ? it.items : (it.properties?.[step] ?? additional);
    return next ? schemasAt(next, rest) : [];
  });
}

/** What was found there, for 'got …'. Never the value of a secret. */
function shown(path: Path, value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'object') {
    const kind = Array.isArray(value) ? 'list' : 'map';
    return Object.keys(value).length === 0 ? `an empty ${kind}` : `a ${kind}`;
  }
  if (path.some((step) => typeof step === 'string' && isSecretKey(step))) return 'something else';
  if (typeof value === 'string') return `'${brief(withoutSecrets(value))}'`;
  return String(value);
}

function brief(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A value in one line of YAML. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flow(inner)}`)
      .join(', ')} }`;
  }
  return String(value);
}
