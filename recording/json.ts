/** JSON that a run writes, and whoever comes later reads: checked once, here, so that all that stands above can rely on its types. */
import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { refuseIrregular } from '../disk/regular.ts';
import { writeWhole } from '../disk/write-whole.ts';
import { OperatorError } from '../units/operator-error.ts';

/** Nothing that the suite writes is nested nearly as deep; what is would overflow the stack of whoever walks it. */
const DEEPEST = 100;
/** A file's most bytes: a day of seconds and a million lost writes are a tenth of it. */
const MOST_BYTES = 256 * 2 ** 20;

/** What is wrong with a value: where in it, and what was expected there. */
export type Checked<T> = { value: T; wrong?: undefined } | { wrong: string; value?: undefined };

/** The value in a text. What fits is returned as it is, with its keys in their order and those that the schema does not know. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): Checked<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: `not JSON: ${(error as Error).message}` };
  }
  if (isTooDeep(value)) return { wrong: `nested more than ${DEEPEST} deep` };
  const { error } = schema.safeParse(value);
  if (error === undefined) return { value: value as T };
  return { wrong: issueOf(error.issues[0]!) };
}

/**
 * The value in a file.
 *
 * @throws {OperatorError} with the file, and the line or the key, when it is not what it should be; `hint` says what to do then
 */
export function readJson<T>(file: string, schema: z.ZodType<T>, hint: string): T {
  const checked = parseJson(readText(file, hint), schema);
  if (checked.wrong === undefined) return checked.value;
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(checked.wrong) ?? [];
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  throw new OperatorError(`${place} is damaged: ${checked.wrong}`, { hint });
}

/** For people too, and for its owner alone: a recording holds what a cluster said. */
export function writeJson(file: string, value: unknown): void {
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`, 0o600);
}

function readText(file: string, hint: string): string {
  try {
    refuseIrregular(file);
    const { size } = statSync(file);
    if (size <= MOST_BYTES) return readFileSync(file, 'utf8');
    throw new Error(`it is larger than anything the suite writes (${Math.round(size / 2 ** 20)} MiB)`);
  } catch (cause) {
    throw new OperatorError(`${file} cannot be read: ${(cause as Error).message}`, { hint, cause });
  }
}

function issueOf({ path, message }: z.core.$ZodIssue): string {
  const where = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return where === '' ? message : `${where.replace(/^\./, '')}: ${message}`;
}

function isTooDeep(root: unknown): boolean {
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
