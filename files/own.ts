/**
 * Parts that people bring: workloads, faults, probes, platforms. A project keeps them in folders of the same names as the
 * suite does, and they are found, loaded and looked at here, whatever they are.
 */
import { access, readdir } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../units/operator-error.ts';

/** One sort of part, and how its files look. */
export interface Sort {
  /** What the file exports, and the last word of the entry that has its type: `fault`, of `brownout/fault`. */
  exports: 'workload' | 'fault' | 'probe' | 'platform';
  /** That type. */
  type: string;
  /** The file in a folder of the part's own. Without it, the part is one file: `<name>.ts`. */
  file?: string;
  /** Where the part says its name, which is that of its file or folder. */
  named?: string;
  /** What it must be able to do. */
  methods: readonly string[];
}

/** A part as it was found. */
export interface Own<T> {
  name: string;
  file: string;
  part: T;
}

/** Every part in a room, such as a project's `faults/`, by name. Throws OperatorError, naming the file, for what is none. */
export async function loadParts<T extends object>(room: string, sort: Sort): Promise<Own<T>[]> {
  const names = await partNames([room], sort);
  const parts = await Promise.all(names.map((name) => loadPart<T>([room], name, sort)));
  return parts.filter((part) => part !== undefined);
}

/** The part of that name, from the first of these rooms that has one. A name never leaves the room. */
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

/** What there is in these rooms, sorted. */
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
  const { exports: what, type, named, methods } = sort;
  const exported = await importFile(file);
  const part = exported[what] as Record<string, unknown> | undefined;
  const hint = `It should say: export const ${what}: ${type} = { … }, with the type of brownout/${what}.`;
  if (typeof part !== 'object' || part === null) throw new OperatorError(`${file} exports no ${what}.`, { hint });
  const lacking = methods.filter((method) => typeof part[method] !== 'function');
  if (lacking.length > 0) throw new OperatorError(`${file}: its ${what} lacks ${lacking.join(', ')}.`, { hint });
  if (named && name !== undefined && part[named] !== name) {
    const place = sort.file ? 'folder' : 'file';
    throw new OperatorError(`${file} exports a ${what} named '${part[named]}', expected '${name}' as its ${place}.`);
  }
  return part as T;
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // What `npm init` makes says that its files are no modules.
    const hint = /outside a module|'export'|Cannot find module 'file:/.test(message) ? 'Say "type": "module" in package.json.' : undefined;
    throw new OperatorError(`${file} cannot be loaded: ${message}`, { hint, cause });
  }
}

let offered = false;

/**
 * A part imports `brownout/fault` and the like. That is always the suite that loads it: also where none is installed beside
 * the project, and never a second one, whose errors and schemas would be strangers to this.
 */
function offerEntries(): void {
  if (offered) return;
  offered = true;
  registerHooks({
    resolve(specifier, context, next) {
      const entry = /^brownout\/(fault|probe|platform|workload|fixtures)$/.exec(specifier)?.[1];
      if (!entry) return next(specifier, context);
      return next(new URL(`../api/${entry}${extname(import.meta.url)}`, import.meta.url).href, context);
    },
  });
}
