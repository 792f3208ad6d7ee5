/** What a request asks: path, and parameters of query and body, form or JSON. */
import type { IncomingMessage } from 'node:http';
import type { Given } from './check.ts';
import { Refusal } from './refusal.ts';

const BASE = '/api2/json';
/** Bytes. */
const LONGEST = 1024 ** 2;

/** The parts of the path under the base, decoded; undefined for what is not of the API. */
export function partsOf(target: string): string[] | undefined {
  const path = target.split('?')[0]!;
  if (path !== BASE && !path.startsWith(`${BASE}/`)) return undefined;
  const parts = path
    .slice(BASE.length)
    .split('/')
    .filter((part) => part !== '');
  return parts.map((part) => decoded(part));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Throws Refusal 413 for what is too long. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > LONGEST) throw new Refusal(413, 'POST data too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Throws Refusal 400 for JSON that is none, or no object. */
export function parametersOf(target: string, type: string | undefined, body: Buffer): Given {
  const query = target.indexOf('?');
  const given = query < 0 ? {} : ofForm(target.slice(query + 1));
  if (body.length === 0) return given;
  const sent = type?.startsWith('application/json') ? ofJson(body.toString()) : ofForm(body.toString());
  return { ...given, ...sent };
}

/** A name that stands several times is a list. */
function ofForm(text: string): Given {
  const given: Given = {};
  for (const [name, value] of new URLSearchParams(text)) {
    given[name] = name in given ? [given[name], value].flat() : value;
  }
  return given;
}

function ofJson(text: string): Given {
  const wrong = () => new Refusal(400, 'malformed JSON string');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong();
  return value as Given;
}
