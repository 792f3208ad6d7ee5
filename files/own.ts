/**
 * A project's own parts: workloads, faults, probes, platforms. A project keeps them in folders of the same names as the
 * suite does, and all of them are found, loaded and checked here.
 */
import { readFileSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { findPackageJSON, registerHooks } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { doing } from '../processes/doing.ts';
import { messageOf, stackOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { within } from '../units/within.ts';
import { watchThread } from './stuck.ts';

/** One kind of part, and what its files look like. */
export interface Sort {
  /** What the file exports, and the last word of the entry that has its type: `fault`, of `brownout/fault`. */
  exports: 'workload' | 'lab' | 'fault' | 'probe' | 'platform';
  /** That type. */
  type: string;
  /** The file in a folder of the part's own. Without it, the part is one file: `<name>.ts`. */
  file?: string;
  /** Where the part says its name, which is that of its file or folder. */
  named?: string;
  /** What it must be able to do. */
  methods: readonly string[];
  /** What else it must have: how that is told, and in words. */
  values?: Readonly<Record<string, readonly [is: (value: unknown) => boolean, words: string]>>;
}

/** A part as it was found. */
export interface Own<T> {
  name: string;
  file: string;
  part: T;
}

/** Every part in a folder, such as a project's `faults/`, by name. Throws OperatorError, naming the file, for a file that is not a part. */
export async function loadParts<T extends object>(room: string, sort: Sort): Promise<Own<T>[]> {
  const names = await partNames([room], sort);
  const parts = await Promise.all(names.map((name) => loadPart<T>([room], name, sort)));
  return parts.filter((part) => part !== undefined);
}

/** The part of that name, from the first of these folders that has one. A name cannot lead out of the folder. */
export async function loadPart<T extends object>(
  rooms: readonly string[],
  name: string,
  sort: Sort,
): Promise<Own<T> | undefined> {
  for (const room of rooms) {
    const file = await fileOf(room, name, sort);
    if (file) return { name, file, part: await importPart<T>(file, sort, name) };
  }
  return undefined;
}

/** The names of the parts in these folders, sorted. */
export async function partNames(rooms: readonly string[], sort: Sort): Promise<string[]> {
  const names = new Set<string>();
  for (const room of rooms) {
    for (const entry of await readdir(room).catch(() => [])) {
      const name = sort.file ? entry : entry.replace(/\.[jt]s$/, '');
      if (await fileOf(room, name, sort)) names.add(name);
    }
  }
  return [...names].sort();
}

/** `folder` of a project, or nothing where that is the suite's own: those parts are known already. */
export function ownRoom(project: string, folder: string): string | undefined {
  const room = resolve(project, folder);
  return room === resolve(import.meta.dirname, '..', folder) ? undefined : room;
}

/** `.ts` in a project and in the suite's sources, `.js` in the installed suite. */
async function fileOf(room: string, name: string, { file }: Sort): Promise<string | undefined> {
  if (!/^[\w-]+$/.test(name)) return undefined;
  const path = file ? join(room, name, file) : join(room, name);
  for (const candidate of [`${path}.ts`, `${path}.js`]) {
    const exists = await access(candidate).then(
      () => true,
      () => false,
    );
    if (exists) return candidate;
  }
  return undefined;
}

/** Loads one file. Throws OperatorError, naming it, when it does not export what such a file should. */
export async function importPart<T extends object>(file: string, sort: Sort, name?: string): Promise<T> {
  offerEntries();
  const exported = await importFile(file);
  try {
    return asPart<T>(exported, file, sort, name);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    // A getter, a proxy: looking at it runs code of its own.
    throw new OperatorError(`${file}: its ${sort.exports} cannot be looked at: ${messageOf(cause)}`, { cause });
  }
}

function asPart<T extends object>(exported: Record<string, unknown>, file: string, sort: Sort, name?: string): T {
  const { exports: what, type, named, methods } = sort;
  const part = exported[what] as Record<string, unknown> | undefined;
  const hint = `It should say: export const ${what}: ${type} = { … }, with the type of brownout/${what}.`;
  if (typeof part !== 'object' || part === null) throw new OperatorError(`${file} exports no ${what}.`, { hint });
  const lacking = methods.filter((method) => typeof part[method] !== 'function');
  if (lacking.length > 0) throw new OperatorError(`${file}: its ${what} lacks ${lacking.join(', ')}.`, { hint });
  for (const [key, [is, words]] of Object.entries(sort.values ?? {})) {
    if (!is(part[key])) throw new OperatorError(`${file}: '${key}' of its ${what} is not ${words}.`, { hint });
  }
  if (named && name !== undefined && part[named] !== name) {
    const place = sort.file ? 'folder' : 'file';
    throw new OperatorError(`${file} exports a ${what} named '${part[named]}', expected '${name}' as its ${place}.`);
  }
  return part as T;
}

/** A zod schema, whichever copy of zod it is of. */
export function isSchema(value: unknown): boolean {
  return typeof (value as { safeParse?: unknown } | undefined)?.safeParse === 'function';
}

/** How long a part may take to load, ms: one that waits for what never comes would otherwise be waited for. */
const LOADING = 30_000;

/** Folders of a project from which parts were loaded: what is thrown from there is theirs. */
const ownFolders = new Set<string>();

/** What else of a project is loaded into this process, by whoever runs it: journeys. A loop in one is ended, and its place is told. */
export function watchFiles(files: readonly string[]): void {
  for (const file of files) ownFolders.add(dirname(file));
  if (files.length > 0) watchThread(whereNow);
}
const suiteParts = resolve(import.meta.dirname, '..', 'fixtures');

async function importFile(file: string): Promise<Record<string, unknown>> {
  if (!file.startsWith(`${suiteParts}/`)) {
    ownFolders.add(dirname(file));
    watchThread(whereNow);
  }
  if (file.endsWith('.ts')) requireModules(file);
  try {
    const loading = () =>
      within(LOADING, 'loading it', import(pathToFileURL(file).href), 'Does it wait for something while it is loaded?');
    return await doing(`loading ${file}`, loading);
  } catch (cause) {
    const message = messageOf(cause);
    const place = placeOf(cause);
    throw new OperatorError(`${file} cannot be loaded: ${message}${place ? ` (${place})` : ''}`, {
      hint: cause instanceof OperatorError ? cause.hint : loadingHint(message),
      cause,
    });
  }
}

/**
 * Node itself looks whether a file is a module. The runner of scenarios asks package.json alone, and would fail after all was checked.
 */
function requireModules(file: string): void {
  const { said, type } = packageOf(file);
  if (type === 'module') return;
  const place = said === undefined ? 'no package.json above it says' : `${said} does not say`;
  throw new OperatorError(`${file} cannot be loaded: ${place} that its files are modules`, {
    hint: `${said === undefined ? 'npm init --yes; ' : ''}npm pkg set type=module`,
  });
}

function packageOf(file: string): { said: string | undefined; type?: unknown } {
  try {
    const said = findPackageJSON(pathToFileURL(file));
    return said === undefined ? { said } : { said, type: JSON.parse(readFileSync(said, 'utf8'))?.type };
  } catch (cause) {
    throw new OperatorError(`${file} cannot be loaded: no package.json above it can be read: ${messageOf(cause)}`, {
      hint: 'It is JSON with at least { "type": "module" }.',
      cause,
    });
  }
}

/** `file:line:column` in a project's own part where an error was made; undefined for one that was made elsewhere. */
export function ownPlace(thrown: unknown): string | undefined {
  for (const line of stackOf(thrown).split('\n')) {
    // What is no module is told by its path.
    const [, url, path = '', where] = /(?:(file:\/\/[^\s()]+?)|[ (](\/[^()]+?))(:\d+:\d+)\)?$/.exec(line) ?? [];
    const file = url === undefined ? path : fileURLToPath(url);
    if (file.includes('/node_modules/')) continue;
    if ([...ownFolders].some((folder) => file.startsWith(`${folder}/`))) return `${file}${where}`;
  }
  return undefined;
}

/** Where in a part this thread is now, if it is in one. */
function whereNow(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1000;
  try {
    return ownPlace(new Error('now'));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** `file:line:column` where it was thrown or, of a syntax error, where Node points above its message: a file that the part imports, perhaps. */
function placeOf(cause: unknown): string | undefined {
  const [first = '', ...below] = stackOf(cause).split('\n', 4);
  if (!(cause instanceof SyntaxError) || !/^(\/|file:|[A-Za-z]:\\).*:\d+$/.test(first)) return ownPlace(cause);
  const column = below.find((line) => /^\s*\^+$/.test(line))?.indexOf('^');
  const line = first.startsWith('file:') ? fileURLToPath(first) : first;
  return column === undefined ? line : `${line}:${column + 1}`;
}

function loadingHint(message: string): string | undefined {
  // What `npm init` makes says that its files are no modules.
  if (/outside a module|'export'|Cannot find module 'file:/.test(message))
    return 'Say "type": "module" in package.json.';
  if (/strip-only mode/.test(message)) return 'Node only strips types: write fields out; no enum, no namespace.';
  return undefined;
}

let offered = false;

/**
 * A part imports `brownout/fault` and the like. These imports always lead to the suite that loads the part: also where the project
 * has none installed, and never to a second copy, whose error classes and schemas this one would not recognise.
 */
function offerEntries(): void {
  if (offered) return;
  offered = true;
  registerHooks({
    resolve(specifier, context, next) {
      const entry = /^brownout\/(fault|probe|platform|workload|lab|fixtures)$/.exec(specifier)?.[1];
      if (!entry) return next(specifier, context);
      return next(new URL(`../api/${entry}${extname(import.meta.url)}`, import.meta.url).href, context);
    },
  });
}
