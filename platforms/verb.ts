/**
 * What can be done to a platform, and what can be asked of it: one typed entry each. An act and its undo are plain data that may
 * come from a journal on disk, so nothing in them is taken on trust: an entry says what its arguments are, and this is the one
 * place where they are read, and checked against the cluster file's allow-list.
 */
import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { fitsPattern } from '../units/pattern.ts';
import type { Act, Json, Query } from './platform.ts';

/** A change. Idempotent: an act whose effect is already there succeeds, and so does an undo with nothing left to undo. */
export interface Verb<Context, Right = never> {
  args: z.ZodObject;
  /** What the suite's account must be allowed for it, in the platform's own terms. */
  rights: readonly Right[];
  perform(context: Context, args: never): Promise<Json | undefined>;
}

/** A question that only some platforms can answer. Changes nothing, and so never goes through the journal. */
export interface Question<Context, Right = never> {
  args: z.ZodObject;
  rights: readonly Right[];
  ask(context: Context, args: never): Promise<Json>;
}

/** The two makers of entries for a platform's own context and rights: they give `perform` and `ask` the type of their arguments. */
export function entriesOf<Context, Right = never>() {
  return {
    verb: <Shape extends z.ZodRawShape>(
      shape: Shape,
      rights: readonly Right[],
      perform: (context: Context, args: z.output<z.ZodObject<Shape>>) => Promise<Json | undefined>,
    ): Verb<Context, Right> => ({ args: z.object(shape), rights, perform }),
    question: <Shape extends z.ZodRawShape>(
      shape: Shape,
      rights: readonly Right[],
      ask: (context: Context, args: z.output<z.ZodObject<Shape>>) => Promise<Json>,
    ): Question<Context, Right> => ({ args: z.object(shape), rights, ask }),
  };
}

/** Any text but the empty one. */
export const text = z.string({ error: 'a text' }).min(1, { error: 'a text' });

/** A node that `allow.nodes` names, whoever asks. */
export const node = z.string({ error: 'a text' }).min(1, { error: 'a text' });

const NAMESPACE = 'letters, digits, _ and -';

/** A namespace that `allow.namespaces` names, whoever asks; and plain enough to be a folder's name. */
export const namespace = z.string({ error: 'a text' }).regex(/^[a-z0-9][a-z0-9_-]*$/i, { error: NAMESPACE });

export const texts = z
  .array(z.string({ error: 'a list of texts' }), { error: 'a list of texts' })
  .min(1, { error: 'a list of texts' });

export const textByName = z.record(z.string(), z.string({ error: 'a map of texts' }), { error: 'a map of texts' });

/** A whole number, written as text, as all of an act's arguments are. */
export const wholeNumber = z
  .string({ error: 'a whole number' })
  .regex(/^\d{1,6}$/, { error: 'a whole number' })
  .transform(Number);

export const oneOf = <const T extends readonly string[]>(...choices: T) =>
  z.enum(choices, { error: choices.join(' | ') });

/** Patterns of the cluster file. */
interface Allow {
  nodes: string[];
  namespaces: string[];
}

/**
 * The arguments of an act or a query, as its entry says that they are. Throws OperatorError for what they are not, and for a node or
 * a namespace outside the allow-list. What an entry does not know is left out: a journal of another version may say more.
 */
export function readArguments(entry: { args: z.ZodObject }, { verb, args }: Act | Query, allow: Allow): never {
  const read = entry.args.safeParse(args);
  if (!read.success) {
    const [issue] = read.error.issues;
    const name = String(issue!.path[0]);
    throw new OperatorError(`${verb}: argument '${name}' is ${JSON.stringify(args[name])}`, {
      hint: `expected ${issue!.message}`,
    });
  }
  for (const [name, schema] of Object.entries(entry.args.shape)) {
    const value = read.data[name];
    if (value === undefined) continue;
    // Optional or not: what is given must be allowed.
    const kind = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    if (kind === node && !fitsPattern(String(value), allow.nodes)) throw outside(verb, `node ${value}`, 'allow.nodes');
    if (kind === namespace && !fitsPattern(String(value), allow.namespaces)) {
      throw outside(verb, `namespace ${value}`, 'allow.namespaces');
    }
  }
  return read.data as never;
}

function outside(verb: string, what: string, list: string): OperatorError {
  return new OperatorError(`${verb}: ${what} is outside ${list} of the cluster file`, {
    hint: 'nothing outside is ever touched',
  });
}

/** The entry of this name. Throws OperatorError that says what there is; a name is never looked up beyond the table itself. */
export function entryOf<Entry>(entries: Readonly<Record<string, Entry>>, verb: string, platform: string): Entry {
  const entry = Object.hasOwn(entries, verb) ? entries[verb] : undefined;
  if (entry !== undefined) return entry;
  throw new OperatorError(`${platform} has no verb '${verb}'`, {
    hint: `it knows: ${Object.keys(entries).join(', ')}`,
  });
}

/** What an act or a query is about, for a message. */
export function subjectOf({ args }: Act | Query): string {
  const { node, namespace, service, member, name, run } = args;
  return [node, namespace, service, member, name, run].filter((value) => typeof value === 'string').join(' ');
}
