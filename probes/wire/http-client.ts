import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Attempt, StreamSpec } from '../probe.ts';
import { classify, type Failure } from './errors.ts';
import { type HttpResponse, ProtocolError, ResponseParser } from './http-response.ts';
import { Lookup } from './lookup.ts';

/** How an exchange ended: with a response, or with a failure and how far it had come. */
export type ExchangeEnd =
  | { response: HttpResponse }
  /** `sent`: the request may have reached the target. `status`: of an answer that broke off; 0 without. */
  | { failure: Failure; sent: boolean; status: number };

/**
 * HTTP/1.1 for one stream. New connections: one each exchange. Reused ones: an exchange takes a kept connection when one is
 * idle, else it opens one; never pipelined, never shared with another stream, never retried.
 */
export class HttpClient {
  readonly #url: URL;
  readonly #reused: boolean;
  /** Kept connections are let go after so many ms without use: one that died unseen must not surprise a later probe. */
  readonly #idleLimit: number;
  readonly #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();

  constructor(url: URL, { connection, every }: Pick<StreamSpec, 'connection' | 'every'>) {
    this.#url = url;
    this.#reused = connection === 'reused';
    this.#idleLimit = Math.max(1000, 2 * every);
  }

  /** `request` is the whole message. `done` is called once. */
  exchange(request: string, done: (end: ExchangeEnd) => void): Attempt {
    const connection = this.#takeIdle() ?? new Connection(this.#url);
    this.#busy.add(connection);
    connection.exchange(request, (end) => {
      this.#busy.delete(connection);
      if (this.#reused && 'response' in end && end.response.reusable) {
        connection.idleSince = performance.now();
        this.#idle.push(connection);
      } else {
        connection.destroy();
      }
      done(end);
    });
    return connection;
  }

  close(): void {
    for (const connection of [...this.#idle, ...this.#busy]) connection.destroy();
    this.#idle.length = 0;
  }

  #takeIdle(): Connection | undefined {
    const oldest = performance.now() - this.#idleLimit;
    while (this.#idle.length > 0 && (this.#idle[0]!.idleSince < oldest || !this.#idle[0]!.alive)) {
      this.#idle.shift()!.destroy();
    }
    // The last one used is the least likely to have been closed by the other side meanwhile.
    while (this.#idle.length > 0) {
      const connection = this.#idle.pop()!;
      if (connection.alive) return connection;
    }
    return undefined;
  }
}

/** One connection, and at most one exchange on it. */
class Connection implements Attempt {
  idleSince = 0;
  readonly #socket: Socket;
  readonly #lookup = new Lookup();
  #connected = false;
  #request: string | undefined;
  #sent = false;
  #parser = new ResponseParser();
  #done: ((end: ExchangeEnd) => void) | undefined;

  constructor(url: URL) {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const tls = url.protocol === 'https:';
    const port = Number(url.port || (tls ? 443 : 80));
    const socket = tls
      ? connectTls({
          host,
          port,
          lookup: this.#lookup.find,
          servername: /[a-z]/i.test(host) && !host.includes(':') ? host : undefined,
          ALPNProtocols: ['http/1.1'],
        })
      : connectTcp({ host, port, lookup: this.#lookup.find, noDelay: true });
    this.#socket = socket;
    socket.on(tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#write();
    });
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#fail(classify(error)));
    socket.on('close', () => this.#fail({ error: 'closed' }));
  }

  get alive(): boolean {
    return !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  exchange(request: string, done: (end: ExchangeEnd) => void): void {
    this.#request = request;
    this.#done = done;
    this.#sent = false;
    this.#parser = new ResponseParser();
    if (this.#connected) this.#write();
  }

  abandon(): void {
    this.#fail(this.#lookup.timeout);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(): void {
    if (this.#request === undefined) return;
    this.#sent = true;
    this.#socket.write(this.#request, 'latin1');
    this.#request = undefined;
  }

  #read(bytes: Buffer): void {
    // Bytes on an idle connection, or before the request: nothing that a later answer could be told from.
    if (!this.#done || !this.#sent) {
      this.#fail({ error: 'protocol' });
      this.destroy();
      return;
    }
    try {
      const response = this.#parser.push(bytes);
      if (response) this.#finish({ response });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail({ error: 'protocol' });
    }
  }

  #ended(): void {
    const response = this.#parser.end();
    if (response && this.#done) this.#finish({ response });
    else this.#fail({ error: 'closed' });
    this.destroy();
  }

  #fail(failure: Failure): void {
    this.#finish({ failure, sent: this.#sent, status: this.#parser.status });
  }

  #finish(end: ExchangeEnd): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(end);
  }
}
