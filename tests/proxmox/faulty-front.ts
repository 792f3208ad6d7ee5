/**
 * What stands between the suite and one node's API, and does to requests what dying nodes, networks and proxies do: TLS and real sockets on both
 * sides. What it does to which request is the test's to say, each time anew.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import https, { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from './server.ts';

/** Of a request, as the suite sent it. */
export interface Passing {
  method: string;
  /** Decoded, without `/api2/json` and what is asked with it. */
  path: string;
  headers: IncomingMessage['headers'];
}

/** What becomes of a request. */
export type Fault =
  /** Answered at once, and never passed on. */
  | { kind: 'answer'; status: number; reason?: string; type?: string; body?: string; location?: string }
  /** The connection is reset, and it is never passed on. */
  | { kind: 'reset' }
  /** No answer, ever, and it is never passed on. */
  | { kind: 'stall' }
  /** Passed on so many ms after its connection was reset: it is done, and nobody is told. */
  | { kind: 'lost'; after: number }
  /** Half of the answer, then the end of the connection. */
  | { kind: 'cut' }
  /** Half of the answer, and then nothing. */
  | { kind: 'half' }
  /** All of the answer, with a length that is so much greater or smaller than its own. */
  | { kind: 'length'; wrong: number }
  /** An answer that does not end. */
  | { kind: 'endless' }
  /** The answer, changed. */
  | { kind: 'edit'; edit: (body: string) => string };

export class FaultyFront {
  readonly origin: string;
  readonly counts: Record<string, number> = {};
  /** Undefined: it is passed on as it came. */
  decide: (request: Passing) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #backend: string;
  readonly #agent: https.Agent;
  readonly #port: number;

  private constructor(server: Server, backend: string, agent: https.Agent) {
    this.#server = server;
    this.#backend = backend;
    this.#agent = agent;
    this.#port = (server.address() as AddressInfo).port;
    this.origin = `https://127.0.0.1:${this.#port}`;
    server.on('request', (request, response) => void this.#take(request, response));
    server.on('clientError', (_, socket) => socket.destroy());
  }

  /** @param backend the node's own origin */
  static async open(authority: Authority, ca: string, backend: string): Promise<FaultyFront> {
    const server = createServer(authority.issue());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultyFront(server, backend, new https.Agent({ ca, keepAlive: true }));
  }

  /** Nobody listens any more, and whoever was connected is reset. */
  async die(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async revive(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
  }

  /** From the next connection on it shows this certificate; there will be one, since all are ended. */
  show(identity: { key: string; cert: string }): void {
    this.#server.setSecureContext(identity);
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.die();
    this.#agent.destroy();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const body = await readAll(request).catch(() => undefined);
    if (body === undefined) return;
    const path = decodeURIComponent(request.url!.replace('/api2/json', '').split('?')[0]!);
    const fault = this.decide({ method: request.method!, path, headers: request.headers });
    const kind = fault?.kind ?? 'none';
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'endless') return endless(response);
    if (fault?.kind === 'answer') return answer(response, fault);
    if (fault?.kind === 'lost') {
      request.socket.destroy();
      setTimeout(() => void this.#ask(request, body).catch(() => {}), fault.after);
      return;
    }
    try {
      const { from, text } = await this.#ask(request, body);
      this.#give(response, from, text, fault);
    } catch {
      response.destroy();
    }
  }

  #give(response: ServerResponse, from: IncomingMessage, text: string, fault: Fault | undefined): void {
    const said = fault?.kind === 'edit' ? fault.edit(text) : text;
    const length = Buffer.byteLength(said) + (fault?.kind === 'length' ? fault.wrong : 0);
    const { 'transfer-encoding': _, connection: __, 'content-length': ___, ...headers } = from.headers;
    response.strictContentLength = false;
    response.writeHead(from.statusCode!, from.statusMessage, { ...headers, 'content-length': Math.max(0, length) });
    const half = said.slice(0, Math.floor(said.length / 2));
    if (fault?.kind === 'half') response.write(half);
    else if (fault?.kind === 'cut') response.write(half, () => response.destroy());
    else response.end(said);
  }

  #ask(request: IncomingMessage, body: string): Promise<{ from: IncomingMessage; text: string }> {
    return new Promise((resolve, reject) => {
      const { host: _, connection: __, ...headers } = request.headers;
      const onward = https.request(new URL(request.url!, this.#backend), {
        agent: this.#agent,
        method: request.method,
        headers,
      });
      onward.on('error', reject);
      onward.on('response', (from) => {
        readAll(from).then((text) => resolve({ from, text }), reject);
      });
      onward.end(body);
    });
  }
}

async function readAll(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) text += piece;
  return text;
}

function answer(response: ServerResponse, fault: Extract<Fault, { kind: 'answer' }>): void {
  const { status, reason = '', type, body = '', location } = fault;
  response.writeHead(status, reason, {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(location === undefined ? {} : { location }),
  });
  response.end(body);
}

function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const flood = () => {
    while (!response.destroyed && response.write('x'.repeat(100_000)));
  };
  response.on('drain', flood);
  flood();
}
