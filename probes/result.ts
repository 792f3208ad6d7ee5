import WebSocket, { type RawData } from 'ws';
import { z } from 'zod';
import type { Attempt, Probe, ProbeDefinition, Result, StreamSpec } from './probe.ts';
import { classify, type Failure } from './wire/errors.ts';
import { Lookup } from './wire/lookup.ts';

const options = z.strictObject({
  path: z.string().startsWith('/').default('/socket.io/'),
  /** The event that carries the votes. */
  event: z.string().min(1).default('scores'),
  /** The age, ms, from which what a page shows is old: the app tells each second, so this allows for one missed event. */
  fresh: z.number().positive().default(2500),
});
type Options = z.infer<typeof options>;

/**
 * The result page's live count: Socket.IO v4 over WebSocket only (Engine.IO protocol 4, Socket.IO protocol 5).
 *
 * New: a page is opened. Connect, join, and the first scores must come and make sense.
 *
 * Reused: a page stays open. It must still be connected, which a WebSocket ping shows within one round trip, and what it
 * shows must be fresh: the last scores came at most `fresh` ms ago. Alive with old scores is `stale`. Waiting for the next
 * event instead would see an outage up to a second late. A page that lost its connection opens a new one.
 */
export const result: ProbeDefinition = {
  connections: ['new', 'reused'],
  writes: false,
  options,
  create: (spec) => new ResultProbe(spec, options.parse(spec.options)),
};

type Decide = (result: Result) => void;

class ResultProbe implements Probe {
  readonly #url: URL;
  readonly #options: Options;
  readonly #reused: boolean;
  readonly #pages = new Set<Page>();
  /** The page that reused probes look at. */
  #kept: Page | undefined;

  constructor(spec: StreamSpec, chosen: Options) {
    this.#url = new URL(chosen.path, spec.target);
    this.#url.search = '?EIO=4&transport=websocket';
    this.#options = chosen;
    this.#reused = spec.connection === 'reused';
  }

  async open(): Promise<void> {}

  send(_seq: number, done: Decide): Attempt {
    const page = this.#kept?.alive ? this.#kept : this.#openPage();
    if (this.#reused) this.#kept = page;
    let decided = false;
    const decide: Decide = (decision) => {
      if (decided) return;
      decided = true;
      page.leave();
      done(decision);
    };
    page.look(decide);
    return {
      abandon: () => {
        // Nobody looks at it any more. Those who still do have their own time left, and are judged on their own.
        if (!decided && this.#kept === page) this.#kept = undefined;
        page.abandoned ||= !decided;
        decide({ outcome: 'fail', ...page.timeout, status: 0 });
      },
    };
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.close();
  }

  #openPage(): Page {
    const page = new Page(this.#url, this.#options, !this.#reused, () => this.#pages.delete(page));
    this.#pages.add(page);
    return page;
  }
}

/** One WebSocket, and everyone who looks at it. */
class Page {
  /** A probe's time ran out on it: it is closed once nobody looks at it. */
  abandoned = false;
  readonly #socket: WebSocket;
  readonly #options: Options;
  readonly #once: boolean;
  readonly #lookup = new Lookup();
  /** Waiting for the first scores. */
  readonly #arrivals: Decide[] = [];
  /** Waiting for the answer to a ping, by its number. */
  readonly #pings = new Map<number, Decide>();
  #pinged = 0;
  #looking = 0;
  #joined = false;
  #scoresAt: number | undefined;

  constructor(url: URL, chosen: Options, once: boolean, closed: () => void) {
    this.#options = chosen;
    this.#once = once;
    const socket = new WebSocket(url, {
      lookup: this.#lookup.find,
      perMessageDeflate: false,
      maxPayload: 1024 * 1024,
    });
    this.#socket = socket;
    socket.on('message', (data, binary) => this.#message(data, binary));
    socket.on('pong', (data) => this.#pong(Number(data.toString('latin1'))));
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      this.#end({ error: 'status' }, response.statusCode ?? 0);
    });
    socket.on('error', (error) => this.#end(failureOf(error)));
    socket.on('close', () => {
      this.#end({ error: 'closed' });
      closed();
    });
  }

  get timeout(): Failure {
    return this.#lookup.timeout;
  }

  get alive(): boolean {
    return this.#socket.readyState <= WebSocket.OPEN;
  }

  look(decide: Decide): void {
    this.#looking++;
    if (this.#scoresAt === undefined) {
      this.#arrivals.push(decide);
      return;
    }
    const number = this.#pinged++;
    this.#pings.set(number, decide);
    this.#socket.ping(String(number));
  }

  leave(): void {
    this.#looking--;
    if (this.#looking === 0 && (this.#once || this.abandoned)) this.close();
  }

  close(): void {
    this.#socket.terminate();
  }

  #message(data: RawData, binary: boolean): void {
    const text = binary ? '' : data.toString();
    // Engine.IO: 0 open, 1 close, 2 ping, 4 message; in a message Socket.IO: 0 connected, 1 disconnected, 2 event, 4 refused.
    if (text.startsWith('42') && this.#joined) this.#event(text.slice(2));
    else if (text === '2') this.#socket.send('3');
    else if (text.startsWith('0{')) this.#socket.send('40');
    else if (text.startsWith('40')) this.#joined = true;
    else this.#end({ error: text === '1' || text === '41' ? 'closed' : 'protocol' });
  }

  #event(json: string): void {
    const event = parse(json);
    if (!Array.isArray(event)) {
      this.#end({ error: 'protocol' });
    } else if (event[0] === this.#options.event) {
      if (isScores(event[1])) this.#shown();
      else this.#end({ error: 'body' });
    }
  }

  #shown(): void {
    this.#scoresAt = performance.now();
    this.#decideAll(this.#arrivals.splice(0), { outcome: 'ok', error: 'none', status: 0 });
  }

  #pong(number: number): void {
    const decide = this.#pings.get(number);
    if (!decide) return;
    this.#pings.delete(number);
    const old = performance.now() - (this.#scoresAt ?? 0) > this.#options.fresh;
    decide(old ? { outcome: 'fail', error: 'stale', status: 0 } : { outcome: 'ok', error: 'none', status: 0 });
  }

  #end(failure: Failure, status = 0): void {
    this.#socket.terminate();
    const waiting = [...this.#arrivals.splice(0), ...this.#pings.values()];
    this.#pings.clear();
    this.#decideAll(waiting, { outcome: 'fail', ...failure, status });
  }

  #decideAll(waiting: Decide[], decision: Result): void {
    for (const decide of waiting) decide(decision);
  }
}

/** `ws` names the errors of its own protocol; what has another code, or none, happened on the way there. */
function failureOf(error: Error): Failure {
  const code = (error as NodeJS.ErrnoException).code;
  if (code?.startsWith('WS_ERR_') || code?.startsWith('HPE_')) return { error: 'protocol' };
  // A bad handshake has no code; 'socket hang up' has one.
  if (code === undefined && !(error instanceof AggregateError)) return { error: 'protocol' };
  return classify(error);
}

/** A JSON string {"a":n,"b":n}. */
function isScores(value: unknown): boolean {
  const scores = typeof value === 'string' ? parse(value) : undefined;
  if (typeof scores !== 'object' || scores === null) return false;
  const { a, b } = scores as Record<string, unknown>;
  return isCount(a) && isCount(b);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
