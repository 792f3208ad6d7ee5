/**
 * The cluster's API, through any of its nodes. Every request is bounded in time and bytes, whatever hangs. A question goes to
 * the next endpoint when one does not answer, and round again while the caller's patience lasts. A change does so only when it
 * certainly was not made, or when it may be made twice.
 */
import type { Agent } from 'node:https';
import { mask } from '../../../output/secrets.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { ProxmoxReach } from '../cluster.ts';
import { type Access, openAccess, type Ticket } from './access.ts';
import { type Answer, ApiError, type Asked, refusal, silence, strangers } from './api-error.ts';
import { type Answers, type Asks, CALLS, type Call, type Method, type PathOf } from './calls.ts';
import { type Encoded, encode, LOGIN, readAnswer } from './encoding.ts';
import { Exchange } from './exchange.ts';
import { ClusterIdentity } from './identity.ts';
import { type Endpoint, openEndpoints } from './reach.ts';

/** What a request may take at most. */
export interface Limits {
  /** Until the connection stands, TLS included, ms. */
  connect: number;
  /** One try of a question, from its first byte to its answer's last, ms. PVE takes 3.0 s for a 401, or for an agent that is away. */
  read: number;
  /** One try of a change, ms. A node without a majority takes 10.0 s to say so. */
  write: number;
  /** All tries, unless a caller has more or less patience, ms. Each endpoint is tried once at least. */
  patience: number;
  /** Of an answer. */
  bytes: number;
}

/** Below the 30 s in which a node gives up reaching a dead one. */
const LIMITS: Limits = { connect: 3_000, read: 6_000, write: 15_000, patience: 20_000, bytes: 32 * 2 ** 20 };

const STATUS = 'GET /cluster/status';
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

export interface Asking {
  /**
   * How long it may be tried, ms. Each endpoint is tried once, however little it is; a try that began in time is waited for,
   * and so is a login that has become due.
   */
  patience?: number;
  /** How long one try may take, ms. */
  timeout?: number;
  /** Only this endpoint is asked: what one node says may differ from what the others say. */
  endpoint?: string;
  /** Ends it early; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Parameters may be left out where none is required. */
type Args<M extends Method, P extends string> =
  Record<string, never> extends Asks<M, P> ? [asks?: Asks<M, P>, asking?: Asking] : [asks: Asks<M, P>, asking?: Asking];

export class Api {
  readonly access: Access;
  /** Requests sent so far, tries that failed included. */
  requests = 0;
  /** The one that answered last is the first. */
  #endpoints: Endpoint[];
  readonly #limits: Limits;
  readonly #closed = new AbortController();
  #cluster: ClusterIdentity | undefined;
  /** Endpoints that have said that they are of that cluster. */
  readonly #own = new Set<string>();

  /** Throws OperatorError for a way to the cluster that cannot be right. Nothing is sent yet. */
  constructor(reach: ProxmoxReach, limits: Limits = LIMITS) {
    this.#limits = limits;
    this.#endpoints = openEndpoints(reach.endpoints, reach.trust, limits.connect);
    this.access = openAccess(reach.login, (user, password) => this.#login(user, password));
  }

  /** Origins, in the order in which they would be asked. */
  get endpoints(): string[] {
    return this.#endpoints.map(({ url }) => url.origin);
  }

  /**
   * From now on every other endpoint is asked whose it is before it is asked anything else: what is right for this cluster would be done
   * to another one just as well. @param by the endpoint that has told; the first to be bound counts
   */
  bind(cluster: ClusterIdentity, by: string): void {
    this.#cluster ??= cluster;
    this.#own.add(by);
  }

  /** All of these throw ApiError; OperatorError for parameters that cannot be right, of which nothing is sent. */
  get<P extends PathOf<'GET'>>(path: P, ...args: Args<'GET', P>): Promise<Answers<'GET', P>> {
    return this.#call('GET', path, ...args);
  }

  post<P extends PathOf<'POST'>>(path: P, ...args: Args<'POST', P>): Promise<Answers<'POST', P>> {
    return this.#call('POST', path, ...args);
  }

  put<P extends PathOf<'PUT'>>(path: P, ...args: Args<'PUT', P>): Promise<Answers<'PUT', P>> {
    return this.#call('PUT', path, ...args);
  }

  delete<P extends PathOf<'DELETE'>>(path: P, ...args: Args<'DELETE', P>): Promise<Answers<'DELETE', P>> {
    return this.#call('DELETE', path, ...args);
  }

  /** Ends whatever is still under way. */
  close(): void {
    this.#closed.abort(new OperatorError('the connection to the cluster was closed'));
    for (const { kept, fresh } of this.#endpoints) for (const agent of [kept, fresh]) agent.destroy();
  }

  /** The types are the table's: what stands there under the call is what is asked and answered here. */
  async #call<T>(method: Method, path: string, asks: unknown = {}, asking: Asking = {}): Promise<T> {
    return (await this.#everywhere(encode(`${method} ${path}` as Call, asks), asking)) as T;
  }

  async #login(username: string, password: string): Promise<Ticket> {
    const got = await this.post('/access/ticket', { username, password });
    if (got.ticket !== undefined && got.CSRFPreventionToken !== undefined && !got.NeedTFA) {
      return { ticket: got.ticket, csrf: got.CSRFPreventionToken };
    }
    throw new OperatorError(`${username} needs a second factor to log in, which the suite has not`, {
      hint: 'give it an API token instead: `token` under `reach` in the cluster file',
    });
  }

  /** One endpoint after the other, round and round. */
  async #everywhere(request: Encoded, asking: Asking): Promise<unknown> {
    const deadline = performance.now() + (asking.patience ?? this.#limits.patience);
    const ended = asking.signal ? AbortSignal.any([asking.signal, this.#closed.signal]) : this.#closed.signal;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const failures: ApiError[] = [];
      for (const endpoint of this.#choose(asking.endpoint)) {
        try {
          const answer = await this.#at(endpoint, request, asking.timeout, ended);
          this.access.known = true;
          if (asking.endpoint === undefined) this.#prefer(endpoint);
          return answer;
        } catch (error) {
          if (ended.aborted || !(error instanceof ApiError)) throw error;
          this.#avoid(endpoint, error);
          if (!isElsewhere(error, request, this.access.known)) throw error;
          failures.push(error);
        }
      }
      const isOver = performance.now() + pause > deadline || !failures.some(({ passes }) => passes);
      if (isOver) throw telling(failures);
      await sleep(pause, ended);
      ended.throwIfAborted();
    }
  }

  /** At one endpoint. A ticket that is refused is renewed once. */
  async #at(endpoint: Endpoint, request: Encoded, timeout: number | undefined, ended: AbortSignal): Promise<unknown> {
    for (let renewed = false; ; renewed = true) {
      const headers = request.call === LOGIN ? {} : await this.access.headers(request.isChange);
      ended.throwIfAborted();
      try {
        if (request.call !== LOGIN) await this.#identify(endpoint, headers, timeout, ended);
        return await this.#once(endpoint, request, headers, timeout, ended);
      } catch (error) {
        const isRefused = error instanceof ApiError && error.trouble === 'unauthenticated' && request.call !== LOGIN;
        if (!isRefused || renewed || !this.access.renew(headers)) throw error;
      }
    }
  }

  /** Throws ApiError for an endpoint of another cluster. */
  async #identify(
    endpoint: Endpoint,
    headers: Record<string, string>,
    timeout: number | undefined,
    ended: AbortSignal,
  ): Promise<void> {
    const { origin } = endpoint.url;
    if (!this.#cluster || this.#own.has(origin)) return;
    const status = await this.#once(endpoint, encode(STATUS, {}), headers, timeout, ended);
    const shown = new ClusterIdentity(status as Answers<'GET', '/cluster/status'>);
    if (this.#cluster.isSame(shown)) {
      this.#own.add(origin);
      return;
    }
    throw strangers(
      { endpoint: origin, method: 'GET', path: '/cluster/status', who: this.access.who },
      this.#cluster,
      shown,
    );
  }

  /** One try. */
  async #once(
    endpoint: Endpoint,
    request: Encoded,
    headers: Record<string, string>,
    timeout: number | undefined,
    ended: AbortSignal,
  ): Promise<unknown> {
    const { read, write, bytes } = this.#limits;
    const { method, path, target, form, isChange } = request;
    const { url, kept, fresh } = endpoint;
    const asked: Asked = { endpoint: url.origin, method, path, who: this.access.who };
    const sending = {
      url: new URL(target, url),
      method,
      headers,
      form,
      bytes,
      timeout: timeout ?? (isChange ? write : read),
    };
    const send = async (agent: Agent): Promise<Answer> => {
      const exchange = new Exchange();
      this.requests += 1;
      try {
        return await exchange.run(sending, agent, ended);
      } catch (error) {
        if (ended.aborted) throw error;
        if (exchange.wasStale && agent === kept) return send(fresh);
        throw silence(asked, error, isChange && exchange.wasSent);
      }
    };
    const answer = await send(isChange ? fresh : kept);
    const { status, reason, type, text } = answer;
    if (status < 200 || status > 299) {
      throw refusal(asked, { status, reason: mask(reason), type, text: mask(text) }, isChange);
    }
    return readAnswer(request, asked, text);
  }

  /** As they are now: the order changes while they are asked. */
  #choose(only: string | undefined): Endpoint[] {
    if (only === undefined) return [...this.#endpoints];
    const found = this.#endpoints.filter(({ url }) => url.origin === only);
    if (found.length > 0) return found;
    throw new OperatorError(`${only} is none of the cluster's endpoints (${this.endpoints.join(', ')})`);
  }

  #prefer(endpoint: Endpoint): void {
    this.#endpoints = [endpoint, ...this.#endpoints.filter((other) => other !== endpoint)];
  }

  /** Not first next time. What PVE itself says no to, it would say everywhere. */
  #avoid(endpoint: Endpoint, { trouble }: ApiError): void {
    if (!['silent', 'foreign', 'no-quorum', 'not-ready', 'unauthenticated', 'untrusted'].includes(trouble)) return;
    this.#endpoints = [...this.#endpoints.filter((other) => other !== endpoint), endpoint];
  }
}

/** Whether another endpoint may do what this one did not. */
function isElsewhere(error: ApiError, { call, isChange }: Encoded, known: boolean): boolean {
  // One that has just started may know nobody yet, and one whose certificate is new is passed over; a name that was never good is good
  // nowhere, and where nobody has proved yet who it is somebody must look.
  if (error.trouble === 'unauthenticated' || error.trouble === 'untrusted') return known;
  if (!error.passes) return false;
  // Locks are the cluster's.
  if (error.trouble === 'locked') return false;
  return !isChange || !error.maybeDone || 'idempotent' in CALLS[call];
}

/** Of what all endpoints said, the one to report: that one is not who it should be, what may pass, a refusal; the first of these. */
function telling(failures: ApiError[]): ApiError {
  return (
    failures.find(({ trouble }) => trouble === 'untrusted') ??
    failures.find(({ passes, status }) => passes && status !== undefined) ??
    failures.find(({ passes }) => passes) ??
    failures[0]!
  );
}
