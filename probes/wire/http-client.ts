import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Attempt, StreamSpec } from '../probe.ts';
import { classify, type Failure } from './errors.ts';
import { hostOf } from './host.ts';
import { type HttpResponse, limits, ProtocolError, ResponseParser } from './http-response.ts';
import { Lookup } from './lookup.ts';
import { type Trust, tlsOptions, trustOf } from './tls.ts';

/** How an exchange ended: with a response, or with a failure and how far it had come. */
export type ExchangeEnd = (
  | { response: HttpResponse }
  /** `sent`: the request may have reached the target. `status`: of an answer that broke off; 0 without. */
  | { failure: Failure; sent: boolean; status: number }
) & {
  /** On a second connection, because the kept one had been closed. */
  askedAgain: boolean;
  /** Who was connected to, where the target is a name. */
  address: string | undefined;
};

/** What a kept connection's end looks like to a request that crosses it on its way. */
const CLOSED: readonly string[] = ['closed', 'reset'];
/** The detail of an answer that was given up because all of the stream's under way held more than this side keeps. */
export const TOO_MUCH = 'answers under way are too long';
/** ms that a connection is let go before its server closes it: so long may a request be on its way. */
const MARGIN = 1000;

/**
 * HTTP/1.1 for one stream. New connections: one each exchange. Reused ones: an exchange takes a kept connection when one is
 * idle, else it opens one; never pipelined, never shared with another stream. A GET whose kept connection turns out to be
 * closed, before a byte of its answer, is asked once more on a new one, as users' clients do (RFC 9112, 9.3.1).
 */
export class HttpClient {
  readonly #url: URL;
  readonly #reused: boolean;
  readonly #writes: boolean;
  /** Kept connections are let go after so many ms without use: one that died unseen must not surprise a later probe. */
  readonly #idleLimit: number;
  readonly #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();
  readonly #memory: Memory = { held: 0 };
  readonly #ca: string | undefined;
  #trust: Trust | undefined;
  #closed = false;

  constructor(url: URL, { connection, every, writes, ca }: Pick<StreamSpec, 'connection' | 'every' | 'writes' | 'ca'>) {
    this.#url = url;
    this.#ca = ca;
    this.#reused = connection === 'reused';
    this.#writes = writes;
    this.#idleLimit = Math.max(1000, 2 * every);
  }

  /** Before the first exchange. Rejects with OperatorError when whom to trust cannot be read. */
  async open(): Promise<void> {
    if (this.#url.protocol === 'https:') this.#trust = await trustOf(this.#ca);
  }

  /** `request` is the whole message. `done` is called once. */
  exchange(request: string, done: (end: ExchangeEnd) => void): Attempt {
    const kept = this.#takeIdle();
    const mayAskAgain = kept !== undefined && !this.#writes && request.startsWith('GET ');
    let connection = kept ?? this.#open();
    this.#busy.add(connection);
    const ended = (end: ConnectionEnd) => {
      this.#busy.delete(connection);
      const askedAgain = connection !== kept && kept !== undefined;
      if (mayAskAgain && !askedAgain && !this.#closed && isLost(end)) {
        connection.destroy();
        connection = this.#open();
        this.#busy.add(connection);
        connection.exchange(request, ended);
        return;
      }
      const { address } = connection;
      if (this.#reused && 'response' in end && end.response.reusable) this.#keep(connection, end.response);
      else connection.destroy();
      done({ ...end, askedAgain, address });
    };
    connection.exchange(request, ended);
    return { abandon: () => connection.abandon() };
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle, ...this.#busy]) connection.destroy();
    this.#idle.length = 0;
  }

  #open(): Connection {
    return new Connection(this.#url, this.#trust, this.#memory);
  }

  #keep(connection: Connection, { keptFor }: HttpResponse): void {
    const theirs = keptFor === undefined ? Number.POSITIVE_INFINITY : keptFor - Math.min(MARGIN, keptFor / 2);
    connection.goodUntil = performance.now() + Math.min(this.#idleLimit, theirs);
    this.#idle.push(connection);
  }

  #takeIdle(): Connection | undefined {
    const now = performance.now();
    const isGood = ({ alive, goodUntil }: Connection) => alive && now < goodUntil;
    while (this.#idle.length > 0 && !isGood(this.#idle[0]!)) this.#idle.shift()!.destroy();
    // The last one used is the least likely to have been closed by the other side meanwhile.
    while (this.#idle.length > 0) {
      const connection = this.#idle.pop()!;
      if (isGood(connection)) return connection;
      connection.destroy();
    }
    return undefined;
  }
}

/** Nothing came back, because the connection was closed. */
function isLost(end: ConnectionEnd): boolean {
  return 'failure' in end && !end.begun && CLOSED.includes(end.failure.error);
}

/** Bytes that all of a stream's answers under way hold together. */
interface Memory {
  held: number;
}

/** `begun`: a byte of the answer came. */
type ConnectionEnd = { response: HttpResponse } | { failure: Failure; sent: boolean; status: number; begun: boolean };

/**
 * Every socket reads into these bytes, and what it read is used up before the next one reads: Node would allocate 64 KiB for each
 * read otherwise, and hand it on through its streams (measured: 4 % of a probe's CPU time).
 */
const INPUT = Buffer.allocUnsafeSlow(64 * 1024);

/** One connection, and at most one exchange on it. */
class Connection implements Attempt {
  /** While it is idle: it may be used again up to then. */
  goodUntil = 0;
  /** Of a target that is a name, once it is connected. */
  address: string | undefined;
  readonly #memory: Memory;
  /** What of it is this connection's. */
  #held = 0;
  readonly #socket: Socket;
  readonly #lookup = new Lookup();
  #connected = false;
  #request: string | undefined;
  #sent = false;
  #parser = new ResponseParser();
  #begun = false;
  #done: ((end: ConnectionEnd) => void) | undefined;

  constructor(url: URL, trust: Trust | undefined, memory: Memory) {
    this.#memory = memory;
    const host = hostOf(url);
    const isName = isIP(host) === 0;
    const tls = url.protocol === 'https:';
    const options = {
      lookup: this.#lookup.find,
      onread: {
        buffer: INPUT,
        callback: (length: number) => {
          this.#read(INPUT.subarray(0, length));
          return true;
        },
      },
    };
    const socket = tls
      ? connectTls({ ...options, ...tlsOptions(url), secureContext: trust })
      : connectTcp({ ...options, host, port: Number(url.port || 80), noDelay: true });
    this.#socket = socket;
    socket.on(tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      if (isName) this.address = socket.remoteAddress;
      this.#write();
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#fail(classify(error)));
    socket.on('close', () => this.#fail({ error: 'closed' }));
  }

  get alive(): boolean {
    return !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  exchange(request: string, done: (end: ConnectionEnd) => void): void {
    this.#request = request;
    this.#done = done;
    this.#sent = false;
    this.#begun = false;
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
    this.#begun = true;
    try {
      const response = this.#parser.push(bytes);
      if (response) this.#finish({ response });
      else this.#hold(this.#parser.held);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail({ error: 'protocol' });
    }
    if (this.#memory.held > limits.underWay) this.#fail({ error: 'protocol', detail: TOO_MUCH });
  }

  #ended(): void {
    const response = this.#parser.end();
    if (response && this.#done) this.#finish({ response });
    else this.#fail({ error: 'closed' });
    this.destroy();
  }

  #fail(failure: Failure): void {
    this.#finish({ failure, sent: this.#sent, status: this.#parser.status, begun: this.#begun });
  }

  #finish(end: ConnectionEnd): void {
    const done = this.#done;
    this.#done = undefined;
    // An idle connection holds nothing of its last answer.
    this.#parser = new ResponseParser();
    this.#hold(0);
    done?.(end);
  }

  #hold(bytes: number): void {
    this.#memory.held += bytes - this.#held;
    this.#held = bytes;
  }
}
