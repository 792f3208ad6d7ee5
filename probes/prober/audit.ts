import { type AddressInfo, createServer, type Server } from 'node:net';
import { uptime } from 'node:os';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Result, StreamSpec } from '../probe.ts';
import type { ProberReport } from './plan.ts';

const NULL_EVERY = 50;
const NULL_TIMEOUT = 900;
const NULL_BODY = 'null\n';
const NULL_ANSWER = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${NULL_BODY.length}\r\n\r\n${NULL_BODY}`;

/** How often the event loop's delay is looked at, ms. Each look wakes the process: each ms, that was a fifth of its CPU time at 20 probes a second. */
const LOOK = 10;

/** What the prober notes about itself, so that a run on an unfit machine is void instead of wrong. */
export class Audit {
  /** µs; an hour at most. */
  readonly #lateness = createHistogram({ lowest: 1, highest: 3.6e9, figures: 3 });
  readonly #loop = monitorEventLoopDelay({ resolution: LOOK });
  readonly #errors: Record<string, number> = {};
  #awake = 0;

  start(): void {
    this.#loop.enable();
    this.#awake = sinceBoot();
  }

  late(ms: number): void {
    this.#lateness.record(Math.min(3.6e9, Math.max(1, Math.round(ms * 1000))));
  }

  result(result: Result): void {
    if (result.error !== 'prober') return;
    const detail = result.detail ?? 'unknown';
    this.#errors[detail] = (this.#errors[detail] ?? 0) + 1;
  }

  report(): Pick<ProberReport, 'latenessMs' | 'eventLoopMs' | 'proberErrors' | 'cpuMs' | 'suspendedMs'> {
    this.#loop.disable();
    const lateness = (percentile: number) => this.#lateness.percentile(percentile) / 1000;
    // It counts from one look to the next.
    const loop = (percentile: number) => Math.max(0, this.#loop.percentile(percentile) / 1e6 - LOOK);
    const { user, system } = process.cpuUsage();
    return {
      latenessMs: { p50: lateness(50), p99: lateness(99), max: lateness(100) },
      eventLoopMs: { p50: loop(50), p99: loop(99), max: loop(100) },
      proberErrors: this.#errors,
      cpuMs: (user + system) / 1000,
      suspendedMs: Math.max(0, Math.round(sinceBoot() - this.#awake)),
    };
  }
}

/** How much longer than its clock has run this computer has been on, ms, to 10 ms: more by all the time that it was suspended, in which the clock of all times here stands still. Elsewhere than on Linux it is not told so exactly. */
const sinceBoot = () => (process.platform === 'linux' ? uptime() * 1000 - performance.now() : 0);

/**
 * The target of the null stream: a server on the loopback, in the prober's own process. It answers as long as this process
 * gets the CPU, descriptors and ports that a probe needs. A server in another process could starve by itself, and would
 * falsify the audit.
 */
export class NullServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<NullServer> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(NULL_ANSWER));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    return new NullServer(server);
  }

  /** New connections, so that missing descriptors or ports show. */
  get spec(): StreamSpec {
    const { port } = this.#server.address() as AddressInfo;
    return {
      name: 'null',
      kind: 'http',
      target: `http://127.0.0.1:${port}/`,
      every: NULL_EVERY,
      timeout: NULL_TIMEOUT,
      connection: 'new',
      writes: false,
      idPrefix: '',
      options: { status: 200, contains: NULL_BODY },
    };
  }

  close(): void {
    this.#server.close();
  }
}
