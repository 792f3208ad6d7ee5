import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { isRightStatus } from '../../probes/http.ts';
import { classify, type Failure } from '../../probes/wire/errors.ts';

/** A timeout that fires so many ms late: the process did not run meanwhile, and the answer may have come in time. */
const STALL = 100;

/** One of autocannon's connections, with what is used of it here. It is one after the other: on its end it opens the next one. */
export interface Client extends EventEmitter {
  conn: Socket;
  parser: { state: string; hadError: boolean; initialize(type: 'RESPONSE'): void };
  /** ms. Its option of that name takes whole seconds. */
  timeout: number;
  /** After so many requests it opens a new connection. */
  reconnectRate: number | undefined;
  getRequestBuffer(): Buffer;
}

/** What a client is told, and what it tells. Times are ms since the origin. */
interface Watcher {
  /** The next request. */
  message(): string;
  /** Of a request, ms. */
  timeout: number;
  /** Connections are kept where the server does. */
  keeps: boolean;
  /** The right status, as in `HttpQuestion`. */
  wanted: number | undefined;
  now(): number;
  isStopping(): boolean;
  sent(at: number): void;
  /** `at`: when it was sent. */
  ok(at: number, latency: number): void;
  failed(at: number, error: string): void;
  dropped(at: number, reason: string): void;
}

interface Request {
  sent: number;
  status?: number;
  failure?: Failure;
}

/**
 * How each request of a client ended. The client does not say: after a kept connection's answer it tells `response`; after the last
 * answer of a connection, and after a connection that ended, only that it sends the next request, or is `done`.
 */
export function watch(client: Client, watcher: Watcher): void {
  let connection: Socket | undefined;
  let current: Request | undefined;
  let previous: Request | undefined;

  const decide = (request: Request) => {
    const { sent, status, failure } = request;
    const now = watcher.now();
    // The rest of an answer that was cut off would be looked for on the next connection.
    if (failure) client.parser.initialize('RESPONSE');
    if (failure?.error === 'prober') watcher.dropped(sent, failure.detail ?? 'unknown');
    else if (failure) watcher.failed(sent, failure.error);
    else if (status === undefined) watcher.failed(sent, 'closed');
    else if (isRightStatus(status, watcher.wanted)) watcher.ok(sent, now - sent);
    else watcher.failed(sent, `status ${status}`);
  };
  /** That its time was over, it tells only after it sent the next one. */
  const decideSoon = (request: Request) => {
    previous = request;
    queueMicrotask(() => decide(request));
  };
  const follow = (next: Socket) => {
    connection = next;
    // Before the client's own, which opens the next connection at once.
    next.prependListener('end', () => {
      if (!current || client.conn !== next) return;
      const isWhole = current.status !== undefined && client.parser.state === 'BODY_RAW';
      if (!isWhole) current.failure ??= { error: client.parser.hadError ? 'protocol' : 'closed' };
      else client.parser.initialize('RESPONSE');
    });
  };

  client.timeout = watcher.timeout;
  client.getRequestBuffer = () => Buffer.from(watcher.message(), 'latin1');
  client.on('request', () => {
    if (client.conn !== connection) follow(client.conn);
    if (current) decideSoon(current);
    current = { sent: watcher.now() };
    watcher.sent(current.sent);
  });
  client.on('headers', ({ statusCode, shouldKeepAlive }: { statusCode: number; shouldKeepAlive: boolean }) => {
    if (current) current.status = statusCode;
    client.reconnectRate = watcher.keeps && shouldKeepAlive ? undefined : 1;
  });
  client.on('response', () => {
    if (current) decide(current);
    current = undefined;
  });
  client.on('connError', (error: Error) => {
    if (current) current.failure ??= classify(error);
  });
  client.on('timeout', () => {
    if (!previous) return;
    const isStalled = watcher.now() - previous.sent > watcher.timeout + STALL;
    previous.failure ??= isStalled
      ? { error: 'prober', detail: 'stalled' }
      : { error: client.parser.hadError ? 'protocol' : 'timeout' };
  });
  client.on('done', () => {
    if (!current) return;
    if (watcher.isStopping()) watcher.dropped(current.sent, 'stopped');
    else decideSoon(current);
    current = undefined;
  });
}
