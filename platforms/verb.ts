/**
 * What can be done to a platform, and what can be asked of it: one typed entry each. An act and its undo are plain data that may
 * come from a journal on disk, so nothing in them is taken on trust: an entry says what its arguments are, and this is the one
 * place where they are read, and checked against the cluster file's allow-list.
 */
import { z } from 'zod';
import { PermanentError } from '../units/operator-error.ts';
import { fitsPattern } from '../units/pattern.ts';
import type { Act, Json, Query } from './platform.ts';

/** A change. Idempotent: an act whose effect is already there succeeds, and so does an undo with nothing left to undo. */
export interface Verb<Context, Right = never> {
  args: z.ZodObject;
  /** What the suite's account must be allowed for it, in the platform's own terms. */
  rights: readonly Right[];
  /** With these arguments it takes back what another verb did. A journal's undo may be nothing else. */
  isUndo(args: never): boolean;
  /** How long it may take to undo with these arguments, ms. Missing on those that take no longer than any other. */
  longest?(args: never): number;
  /** @param ownRun the run it is done for: it takes away only what carries that run's label; undefined: any run's */
  perform(context: Context, args: never, ownRun: string | undefined): Promise<Json | undefined>;
}

/** A question that only some platforms can answer. Changes nothing, and so never goes through the journal. */
export interface Question<Context, Right = never> {
  args: z.ZodObject;
  rights: readonly Right[];
  ask(context: Context, args: never): Promise<Json>;
}

type Perform<Context, Shape extends z.ZodRawShape> = (
  context: Context,
  args: z.output<z.ZodObject<Shape>>,
  ownRun: string | undefined,
) => Promise<Json | undefined>;

/** The makers of entries for a platform's own context and rights: they give `perform` and `ask` the type of their arguments. */
export function entriesOf<Context, Right = never>() {
  return {
    verb: <Shape extends z.ZodRawShape>(
      shape: Shape,
      rights: readonly Right[],
      perform: Perform<Context, Shape>,
    ): Verb<Context, Right> => ({ args: z.object(shape), rights, perform, isUndo: () => false }),
    /** A verb that undoes another: always, or where `isUndo` says so. */
    undo: <Shape extends z.ZodRawShape>(
      shape: Shape,
      rights: readonly Right[],
      perform: Perform<Context, Shape>,
      isUndo: (args: z.output<z.ZodObject<Shape>>) => boolean = () => true,
    ): Verb<Context, Right> => ({ args: z.object(shape), rights, perform, isUndo }),
    question: <Shape extends z.ZodRawShape>(
      shape: Shape,
      rights: readonly Right[],
      ask: (context: Context, args: z.output<z.ZodObject<Shape>>) => Promise<Json>,
    ): Question<Context, Right> => ({ args: z.object(shape), rights, ask }),
  };
}

/** What a verb that waits may take when it has waited, ms: its last look, and what it then does. */
export const AFTER_WAITING = 60_000;

/** Any text but the empty one. */
export const text = z.string({ error: 'a text' }).min(1, { error: 'a text' });

/** A node that `allow.nodes` names, whoever asks. */
export const node = z.string({ error: 'a text' }).min(1, { error: 'a text' });

const NAMESPACE = 'letters, digits, _ and -';

/** A namespace that `allow.namespaces` names, whoever asks; and plain enough to be a folder's name. */
export const namespace = z.string({ error: 'a text' }).regex(/^[a-z0-9][a-z0-9_-]*$/i, { error: NAMESPACE });

const PLAIN = 'letters, digits, _, . and -';

/** The name of one thing, such as a container or a rule: never a path. */
export const plainName = z.string({ error: 'a text' }).regex(/^[a-z0-9][\w.-]*$/i, { error: PLAIN });

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
export interface Allow {
  nodes: string[];
  namespaces: string[];
}

/**
 * The arguments of an act or a query, as its entry says that they are. Throws PermanentError for what they are not, and for a node or
 * a namespace outside the allow-list. What an entry does not know is left out: a journal of another version may say more.
 */
export function readArguments(entry: { args: z.ZodObject }, { verb, args }: Act | Query, allow: Allow): never {
  const read = entry.args.safeParse(args);
  if (!read.success) {
    const [issue] = read.error.issues;
    const [name] = issue!.path;
    const what =
      name === undefined
        ? `arguments are ${JSON.stringify(args)}`
        : `argument '${String(name)}' is ${JSON.stringify(args[String(name)])}`;
    throw new PermanentError(`${verb}: ${what}`, { hint: `expected ${issue!.message}` });
  }
  refuseOutside(verb, entry.args, read.data, allow);
  return read.data as never;
}

/** However deep they stand, and optional or not: what is given must be allowed. */
function refuseOutside(verb: string, { shape }: z.ZodObject, values: Record<string, unknown>, allow: Allow): void {
  for (const [name, schema] of Object.entries(shape)) {
    const value = values[name];
    if (value === undefined) continue;
    const kind = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    if (kind === node && !fitsPattern(String(value), allow.nodes)) throw outside(verb, `node ${value}`, 'allow.nodes');
    if (kind === namespace && !fitsPattern(String(value), allow.namespaces)) {
      throw outside(verb, `namespace ${value}`, 'allow.namespaces');
    }
    if (kind instanceof z.ZodObject) refuseOutside(verb, kind, value as Record<string, unknown>, allow);
  }
}

function outside(verb: string, what: string, list: string): PermanentError {
  return new PermanentError(`${verb}: ${what} is outside ${list} of the cluster file`, {
    hint: `nothing outside is ever touched; if it may be, widen ${list} there`,
  });
}

/** What carries this run's label; without a run, any run's. An empty label is nobody's. */
export function isOfRun(label: string | undefined, run: string | undefined): boolean {
  return Boolean(label) && (run === undefined || label === run);
}

/** The entry of this name. Throws PermanentError that says what there is; a name is never looked up beyond the table itself. */
export function entryOf<Entry>(entries: Readonly<Record<string, Entry>>, verb: string, platform: string): Entry {
  const entry = Object.hasOwn(entries, verb) ? entries[verb] : undefined;
  if (entry !== undefined) return entry;
  throw new PermanentError(`${platform} has no verb '${verb}' with this cluster file`, {
    hint: `it has: ${Object.keys(entries).join(', ')}; others need \`power\` or \`ssh\` in the cluster file`,
  });
}

/** What an act or a query is about, for a message. */
export function subjectOf({ args }: Act | Query): string {
  const { node, namespace, service, member, name, run } = args;
  return [node, namespace, service, member, name, run].filter((value) => typeof value === 'string').join(' ');
}
