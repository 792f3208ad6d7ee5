import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Attempt, HttpQuestion, Probe, ProbeDefinition, Result, StreamSpec } from './probe.ts';
import { type ExchangeEnd, HttpClient } from './wire/http-client.ts';
import type { HttpResponse } from './wire/http-response.ts';

const regex = z.string().refine((text) => isRegex(text), { error: 'expected a regular expression' });

/** What a good answer is, and where it names the replica that gave it. */
export const expectation = {
  /** Path and query; the target's own when absent. */
  path: z
    .string()
    .regex(/^\/(?![/\\])[^\s#]*$/, { error: 'expected a path such as /health?full=1: no other host, blank or #' })
    .optional(),
  /** The one status that is right; any 200–299 when absent. */
  status: z.int().min(200).max(599).optional(),
  /** Text that the body must hold. */
  contains: z.string().min(1).optional(),
  /** Regular expression that the body must match. */
  matches: regex.optional(),
  /** SHA-256 of the body, in hexadecimal digits: all of it came, and nothing else. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits, in small letters' })
    .optional(),
  /** Regular expression whose first group (or whole match) in the body names the replica that answered. */
  instance: regex.optional(),
};

const options = z.strictObject(expectation);

/** A page or API call that only reads: GET. */
export const http: ProbeDefinition = {
  connections: ['new', 'reused'],
  writes: false,
  options,
  create: (spec) => {
    const { url, message } = question(spec);
    return new HttpProbe(spec, url, judge(options.parse(spec.options)), message);
  },
  http: question,
};

function question(spec: StreamSpec): HttpQuestion {
  const { path, status } = options.parse(spec.options);
  const url = targetUrl(spec.target, path);
  const message = `GET ${pathOf(url)} HTTP/1.1\r\n${commonHeaders(url, spec)}\r\n`;
  return { url, message: () => message, status };
}

/** A request for each number, and a judge for the answers. */
export class HttpProbe implements Probe {
  readonly #client: HttpClient;
  readonly #request: (seq: number) => string;
  readonly #judge: (response: HttpResponse) => Result;
  readonly #writes: boolean;

  constructor(spec: StreamSpec, url: URL, judge: (response: HttpResponse) => Result, request: (seq: number) => string) {
    this.#client = new HttpClient(url, spec);
    this.#request = request;
    this.#judge = judge;
    this.#writes = spec.writes;
  }

  open(): Promise<void> {
    return this.#client.open();
  }

  send(seq: number, done: (result: Result) => void): Attempt {
    return this.#client.exchange(this.#request(seq), (end) => done(this.#resultOf(end)));
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #resultOf(end: ExchangeEnd): Result {
    const result = this.#judged(end);
    if (end.askedAgain) result.askedAgain = true;
    if (end.address !== undefined) result.address = end.address;
    return result;
  }

  #judged(end: ExchangeEnd): Result {
    if ('response' in end) return this.#judge(end.response);
    const { failure, sent, status } = end;
    // A write that left and was not answered in full may have been applied; one that never left was not.
    return { outcome: this.#writes && sent ? 'indeterminate' : 'fail', ...failure, status };
  }
}

/**
 * Status, then body. An error status to a write is a plain `fail`: it was answered, and not acknowledged. Whether it was
 * applied all the same is left to the durability check, which treats every attempt that was not ok as possibly applied.
 */
export function judge(wanted: z.infer<typeof options>): (response: HttpResponse) => Result {
  const matches = wanted.matches === undefined ? undefined : new RegExp(wanted.matches);
  const instance = wanted.instance === undefined ? undefined : new RegExp(wanted.instance);
  return ({ status, body, location }) => {
    const text = matches || instance ? body.toString() : '';
    const named = instance?.exec(text);
    const from = named ? { instance: named[1] ?? named[0] } : {};
    const rightStatus = isRightStatus(status, wanted.status);
    const leads = location === undefined ? {} : { detail: location };
    if (!rightStatus) return { outcome: 'fail', error: 'status', status, ...from, ...leads };
    const rightBody =
      (wanted.contains === undefined || body.includes(wanted.contains)) &&
      (matches === undefined || matches.test(text)) &&
      (wanted.sha256 === undefined || hash('sha256', body) === wanted.sha256);
    if (!rightBody) return { outcome: 'fail', error: 'body', status, ...from };
    return { outcome: 'ok', error: 'none', status, ...from };
  };
}

/** `wanted`: the one that is right; any 200–299 when absent. */
export function isRightStatus(status: number, wanted: number | undefined): boolean {
  return wanted === undefined ? status >= 200 && status < 300 : status === wanted;
}

export function targetUrl(target: string, path: string | undefined): URL {
  return path === undefined ? new URL(target) : new URL(path, target);
}

export function pathOf(url: URL): string {
  return url.pathname + url.search;
}

/** Header lines that every request has; a body's own lines follow. */
export function commonHeaders(url: URL, { connection }: Pick<StreamSpec, 'connection'>): string {
  return [
    `Host: ${url.host}`,
    'User-Agent: brownout',
    'Accept: */*',
    // Bodies are compared as they are.
    'Accept-Encoding: identity',
    `Connection: ${connection === 'reused' ? 'keep-alive' : 'close'}`,
    '',
  ].join('\r\n');
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
