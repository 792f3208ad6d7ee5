/**
 * The cluster's API over HTTP. Every request is bounded in time, whatever hangs: connecting, the answer's head, its body, and
 * all of it together; and in what of its answer is read. What can be tried again is, for as long as the caller's patience lasts.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { mask } from '../../../output/secrets.ts';
import { limitInterim, readBeginning, readLines, readText } from '../../../processes/bounded.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { ApiError, RELOADING, refusal, silence } from './api-error.ts';
import { FIELD_MANAGER, type KubeList, type KubeObject, type Place, pathOf, type Resource } from './objects.ts';
import type { Reach } from './reach.ts';

export type Query = Record<string, string | number | boolean | undefined>;

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  contentType?: string;
  accept?: string;
  /** The answer is text, not an object. */
  text?: boolean;
  /** How long it may be tried, ms; one try that began in time is waited for. 0: one try. */
  patience?: number;
  /** How long one try may take, ms. */
  timeout?: number;
  /** Ends it early; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

interface Answer {
  status: number;
  text: string;
  retryAfter: number | undefined;
}

/** What a request may take at most, ms. */
export interface Limits {
  /** Until the connection stands, TLS included. */
  connect: number;
  /** Without a word: between connecting and the head of the answer, or within its body. */
  idle: number;
  /** One try, whatever it does. */
  try: number;
  /** All tries, unless a caller has more or less patience. One that began in time is waited for. */
  patience: number;
}

const LIMITS: Limits = { connect: 3_000, idle: 10_000, try: 30_000, patience: 15_000 };

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

/** A watch says something at least each minute (bookmarks); one that has been silent for longer is begun anew. */
const WATCH_IDLE = 90_000;
/** A dead server's silence is found out by the kernel: after this it asks, each second, ten times. */
const KEEP_ALIVE = 3_000;

const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

export class Api {
  readonly reach: Reach;
  /** Requests sent so far, tries that failed included. */
  requests = 0;
  /** What time it is by the server's clock, epoch ms, as it said with its last answer; whole seconds. Undefined before, and where it does not say. */
  serverTime: number | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  readonly #closed = new AbortController();
  readonly #limits: Limits;

  constructor(reach: Reach, limits: Limits = LIMITS) {
    this.reach = reach;
    this.#limits = limits;
  }

  /** The server was silent, or could not answer, a moment ago: that it refuses something may pass. */
  get isReloading(): boolean {
    return performance.now() - this.#failedAt < RELOADING;
  }

  get<T>(path: string, call: Omit<Call, 'method'> = {}): Promise<T> {
    return this.call<T>(path, call);
  }

  list<T extends KubeObject>(
    resource: Resource,
    place: Place = {},
    query: Query = {},
    signal?: AbortSignal,
  ): Promise<KubeList<T>> {
    return this.call<KubeList<T>>(pathOf(resource, place), { query, signal });
  }

  /** Only names, labels and annotations: all that is read of objects of which there may be many. */
  async listMetadata(resource: Resource, place: Place = {}, query: Query = {}): Promise<KubeObject[]> {
    const list = await this.call<{ items: KubeObject[] | null }>(pathOf(resource, place), { query, accept: METADATA });
    return list.items ?? [];
  }

  read<T extends KubeObject>(resource: Resource, place: Place): Promise<T> {
    return this.call<T>(pathOf(resource, place));
  }

  create<T>(resource: Resource, place: Place, body: object, call: Pick<Call, 'patience'> = {}): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.call<T>(pathOf(resource, place), { method: 'POST', body, query, ...call });
  }

  replace<T>(resource: Resource, place: Place, body: object): Promise<T> {
    return this.call<T>(pathOf(resource, place), { method: 'PUT', body, query: { fieldManager: FIELD_MANAGER } });
  }

  /** Server-side apply: makes the object, or changes what differs. */
  apply<T>(resource: Resource, place: Place, body: object): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER, force: true };
    return this.call<T>(pathOf(resource, place), {
      method: 'PATCH',
      body,
      query,
      contentType: 'application/apply-patch+yaml',
    });
  }

  /** A merge patch: `null` removes. With `metadata.resourceVersion` it fails (409) when somebody else was faster. */
  patch<T>(resource: Resource, place: Place, body: object): Promise<T> {
    return this.#change(resource, place, body, 'application/merge-patch+json');
  }

  /** A strategic merge patch: as `patch`, but lists of containers are merged by name. */
  merge<T>(resource: Resource, place: Place, body: object): Promise<T> {
    return this.#change(resource, place, body, 'application/strategic-merge-patch+json');
  }

  #change<T>(resource: Resource, place: Place, body: object, contentType: string): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.call<T>(pathOf(resource, place), { method: 'PATCH', body, query, contentType });
  }

  delete(resource: Resource, place: Place, options: object = {}): Promise<unknown> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
    return this.call(pathOf(resource, place), { method: 'DELETE', body });
  }

  /** Throws ApiError. Refusals that another try would not change come at once; others, and silence, when patience ends. */
  async call<T>(path: string, call: Call = {}): Promise<T> {
    const what = `${call.method ?? 'GET'} ${path}`;
    const deadline = performance.now() + (call.patience ?? this.#limits.patience);
    const ended = call.signal ? AbortSignal.any([call.signal, this.#closed.signal]) : this.#closed.signal;
    let renewed = false;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      let wait = pause;
      let failure: ApiError;
      try {
        const answer = await this.#send(path, call, ended);
        if (answer.status < 400) return (call.text ? answer.text : parse(answer.text)) as T;
        failure = refusal(what, answer.status, answer.text, this.reach.suspicion());
        if (answer.status === 401 && !renewed) {
          renewed = true;
          this.reach.renew();
          continue;
        }
        if (!isPassing(failure)) throw failure;
        wait = Math.max(pause, answer.retryAfter ?? 0);
      } catch (error) {
        // An answer, or no credentials to ask with: neither changes with time.
        if (ended.aborted || error instanceof OperatorError) throw error;
        failure = silence(what, this.reach.server.origin, error);
      }
      this.#failedAt = performance.now();
      if (performance.now() + wait > deadline) throw failure;
      await sleep(wait, ended);
      ended.throwIfAborted();
    }
  }

  /**
   * Follows changes from a version on, until the server ends it (each few minutes) or `signal` aborts. Throws ApiError when it
   * breaks; `status` 410 when that version is no longer known.
   */
  async *watch<T extends KubeObject>(
    path: string,
    query: Query,
    signal: AbortSignal,
    opened: () => void = () => {},
  ): AsyncGenerator<WatchEvent<T>> {
    const what = `WATCH ${path}`;
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    let response: IncomingMessage | undefined;
    try {
      const late = new AbortController();
      const most = this.#limits.try;
      const timer = setTimeout(() => late.abort(new Error(`no answer within ${most / 1000} s`)), most);
      try {
        const begun = AbortSignal.any([ended, late.signal]);
        response = await this.#open(path, { query: { ...query, watch: true, allowWatchBookmarks: true } }, begun);
        if (response.statusCode !== 200) throw refusal(what, response.statusCode ?? 0, await readBeginning(response));
      } finally {
        clearTimeout(timer);
      }
      opened();
      const { socket } = response;
      socket.setKeepAlive(true, KEEP_ALIVE);
      socket.setTimeout(WATCH_IDLE, () => socket.destroy(new Error('silent for too long')));
      for await (const line of readLines(response, this.#asked(what))) {
        const event = parse(line) as WatchEvent<T>;
        if (event.type === 'ERROR') {
          const { code = 500 } = event.object as { code?: number };
          throw refusal(what, code, JSON.stringify(event.object));
        }
        yield event;
      }
    } catch (error) {
      if (ended.aborted) return;
      throw error instanceof OperatorError ? error : silence(what, this.reach.server.origin, error);
    } finally {
      response?.destroy();
    }
  }

  /** Ends whatever is still under way. */
  close(): void {
    this.#closed.abort(new ApiError('the connection to the cluster was closed', {}));
  }

  async #send(path: string, call: Call, ended: AbortSignal): Promise<Answer> {
    const most = call.timeout ?? this.#limits.try;
    const late = AbortSignal.timeout(most);
    try {
      const response = await this.#open(path, call, AbortSignal.any([late, ended]));
      const status = response.statusCode ?? 0;
      const after = Number(response.headers['retry-after']);
      const date = Date.parse(response.headers.date ?? '');
      this.serverTime = Number.isNaN(date) ? undefined : date;
      const what = this.#asked(`${call.method ?? 'GET'} ${path}`);
      return {
        status,
        text: status < 400 ? await readText(response, what) : await readBeginning(response),
        retryAfter: Number.isFinite(after) ? after * 1000 : undefined,
      };
    } catch (error) {
      throw late.aborted && !(error instanceof OperatorError) ? new Error(`no end within ${most / 1000} s`) : error;
    }
  }

  async #open(path: string, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const { method = 'GET', body, accept = 'application/json', contentType = 'application/json' } = call;
    const { agent, headers } = await this.reach.access();
    const url = this.url(path, call.query);
    signal.throwIfAborted();
    this.requests += 1;
    return new Promise((resolve, reject) => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const request = (url.protocol === 'http:' ? http : https).request(url, {
        agent,
        method,
        signal,
        headers: {
          ...headers,
          accept,
          'user-agent': 'brownout',
          ...(sent === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(sent) }),
        },
      });
      limitInterim(request, this.#asked(`${method} ${path}`));
      const { connect, idle } = this.#limits;
      const connecting = setTimeout(
        () => request.destroy(new Error(`no connection within ${connect / 1000} s`)),
        connect,
      );
      request.on('socket', (socket) => {
        const connected = () => clearTimeout(connecting);
        if (socket.connecting) socket.once(url.protocol === 'http:' ? 'connect' : 'secureConnect', connected);
        else connected();
      });
      request.setTimeout(idle, () => request.destroy(new Error(`silent for ${idle / 1000} s`)));
      request.once('response', resolve);
      request.once('error', (error) => {
        clearTimeout(connecting);
        reject(signal.aborted ? signal.reason : error);
      });
      // Without an answer or an error the connection is closed where the server changes to a protocol that nobody asked for.
      request.once('close', () => {
        clearTimeout(connecting);
        reject(new Error('closed without an answer'));
      });
      request.end(sent);
    });
  }

  /** What was asked, and of whom. */
  #asked(what: string): string {
    return `${what} at ${this.reach.server.origin}`;
  }

  url(path: string, query: Query = {}): URL {
    const { server } = this.reach;
    const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    return url;
  }
}

/**
 * Said with a status that stands for trouble, and yet answers: of server-side apply to an object that no schema fits, to an eviction
 * of a pod with two budgets, and of a webhook.
 */
const ANSWERS = /failed to create typed patch object|more than one PodDisruptionBudget|admission webhook ".*" denied/s;

/** Too busy, or in the middle of something; not a budget that says no (429), which is an answer. */
function isPassing({ status, causes, words }: ApiError): boolean {
  if (ANSWERS.test(words)) return false;
  if (status === 429) return !causes.some(({ reason }) => reason === 'DisruptionBudget');
  return status !== undefined && status >= 500 && status !== 501;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`the answer is no JSON (${mask(text).slice(0, 60)})`, { cause: error });
  }
}
