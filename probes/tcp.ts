import { connect, isIP } from 'node:net';
import { z } from 'zod';
import type { Attempt, Probe, ProbeDefinition, Result } from './probe.ts';
import { classify } from './wire/errors.ts';
import { hostOf } from './wire/host.ts';
import { Lookup } from './wire/lookup.ts';

const options = z.strictObject({});

/**
 * A TCP connection is accepted. It proves that something listens, not that it serves: the kernel completes handshakes for a
 * frozen process too. It asks nothing, so on a kept connection there would be nothing to judge.
 */
export const tcp: ProbeDefinition = {
  connections: ['new'],
  writes: false,
  schemes: ['http', 'https', 'tcp', 'smb'],
  options,
  create: (spec) => {
    options.parse(spec.options);
    const url = new URL(spec.target);
    return new TcpProbe(hostOf(url), Number(url.port || PORTS[url.protocol]));
  },
};

const PORTS: Record<string, number> = { 'http:': 80, 'https:': 443, 'smb:': 445 };

class TcpProbe implements Probe {
  readonly #host: string;
  readonly #port: number;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async open(): Promise<void> {}

  send(_seq: number, done: (result: Result) => void): Attempt {
    const lookup = new Lookup();
    const socket = connect({ host: this.#host, port: this.#port, lookup: lookup.find });
    let decided = false;
    const decide = (result: Result) => {
      if (decided) return;
      decided = true;
      socket.destroy();
      done(result);
    };
    socket.on('connect', () => {
      const address = isIP(this.#host) === 0 && socket.remoteAddress;
      decide({ outcome: 'ok', error: 'none', status: 0, ...(address && { address }) });
    });
    socket.on('error', (error) => decide({ outcome: 'fail', ...classify(error), status: 0 }));
    socket.on('close', () => decide({ outcome: 'fail', error: 'closed', status: 0 }));
    return { abandon: () => decide({ outcome: 'fail', ...lookup.timeout, status: 0 }) };
  }

  async close(): Promise<void> {}
}
