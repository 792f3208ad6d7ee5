/** A call of the table as bytes, and an answer's bytes as a value. */
import type { z } from 'zod';
import { mask } from '../../../output/secrets.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { ApiError, type Asked, FOREIGN } from './api-error.ts';
import { CALLS, type Call, type Method } from './calls.ts';

/** A call with its parameters. */
export interface Encoded {
  call: Call;
  method: Method;
  /** With its parameters in it, and nothing that is in the query: fit for messages. */
  path: string;
  /** What is asked for at the endpoint: path and query. */
  target: string;
  /** The body; undefined where there is none. */
  form: string | undefined;
  /** That it changes something on the cluster. */
  isChange: boolean;
}

/** The one call that needs nobody to be known, and that leaves everything as it was. */
export const LOGIN = 'POST /access/ticket';

const BASE = '/api2/json';
const PART = /\{(\w+)\}/g;

/** Throws OperatorError for parameters that Proxmox would not take: nothing is sent. */
export function encode(call: Call, asks: unknown): Encoded {
  const { method, template } = split(call);
  const checked = CALLS[call].asks.safeParse(asks);
  if (!checked.success) {
    throw new OperatorError(`${call}: ${problems(checked.error)}`, { hint: 'nothing was sent' });
  }
  const parameters = new Map(Object.entries(checked.data as Record<string, unknown>));
  const fill = (write: (text: string) => string) =>
    template.replaceAll(PART, (_, name: string) => write(String(parameters.get(name))));
  const [path, encoded] = [fill(String), fill(encodePart)];
  for (const [, name] of template.matchAll(PART)) parameters.delete(name!);
  const form = encodeForm(parameters);
  const inBody = method === 'POST' || method === 'PUT';
  return {
    call,
    method,
    path,
    target: `${BASE}${encoded}${!inBody && form !== '' ? `?${form}` : ''}`,
    form: inBody ? form : undefined,
    isChange: method !== 'GET' && call !== LOGIN,
  };
}

function split(call: Call): { method: Method; template: string } {
  const space = call.indexOf(' ');
  return { method: call.slice(0, space) as Method, template: call.slice(space + 1) };
}

/** Also `!`, which stands in the name of a token and so in that of a task. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Booleans are 1 and 0, a list is its key several times. */
function encodeForm(parameters: Map<string, unknown>): string {
  const form = new URLSearchParams();
  for (const [name, value] of parameters) {
    if (value === undefined) continue;
    for (const each of [value].flat())
      form.append(name, typeof each === 'boolean' ? String(Number(each)) : String(each));
  }
  return form.toString();
}

/** What a successful answer says. Throws ApiError where that makes no sense. */
export function readAnswer(request: Encoded, asked: Asked, text: string): unknown {
  const wrong = (trouble: 'silent' | 'strange', words: string) =>
    new ApiError(trouble, asked, mask(words), { status: 200, maybeDone: request.isChange, hint: FOREIGN });
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A body without a length that was cut off looks like a whole one.
    throw wrong('silent', `the answer is no JSON, or not all of it (${mask(text).slice(0, 60)})`);
  }
  const read = CALLS[request.call].answers.safeParse(body);
  if (read.success) return read.data;
  throw wrong('strange', `an answer that the suite does not understand: ${problems(read.error)}`);
}

/** The first few, each with where it is. */
function problems(error: z.ZodError): string {
  const all = error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  return [...all.slice(0, 3), ...(all.length > 3 ? [`and ${all.length - 3} more`] : [])].join('; ');
}
