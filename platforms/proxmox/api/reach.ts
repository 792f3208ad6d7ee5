/**
 * Connections to the endpoints. One stands only once the endpoint has proved who it is: nothing, least of all a secret, is sent
 * before.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { OperatorError } from '../../../units/operator-error.ts';
import type { ProxmoxTrust } from '../cluster.ts';

/** An endpoint that is there, but is not who it should be. */
export class Distrust extends Error {}

/** One node's API. */
export interface Endpoint {
  readonly url: URL;
  /** For questions: a connection that was used and is then found dead costs another try, and nothing else. */
  readonly kept: Agent;
  /** For changes: a connection of its own, so that one that could not be made proves that nothing was sent. */
  readonly fresh: Agent;
}

/**
 * @param timeout how long a connection may take until it stands, TLS included, ms
 *
 * Throws OperatorError for a file of authorities that cannot be used. Nothing is sent yet.
 */
export function openEndpoints(origins: string[], trust: ProxmoxTrust, timeout: number): Endpoint[] {
  const secure = 'fingerprints' in trust ? pinned(trust.fingerprints) : signed(trust.ca);
  return origins.map((origin) => {
    const url = new URL(origin);
    return {
      url,
      kept: new Connections(url, secure, timeout, true),
      fresh: new Connections(url, secure, timeout, false),
    };
  });
}

/** What TLS is told, and what else is asked of a certificate once TLS is content: what is wrong with it. */
interface Secure {
  options: { rejectUnauthorized: boolean; ca?: string };
  wrong(socket: TLSSocket): string | undefined;
}

/** The very certificate is known: who signed it, for which names and until when, adds nothing. */
function pinned(fingerprints: string[]): Secure {
  return {
    options: { rejectUnauthorized: false },
    wrong(socket) {
      const shown = socket.getPeerX509Certificate()?.fingerprint256 ?? 'none';
      if (fingerprints.includes(shown)) return undefined;
      const expected = fingerprints.length === 1 ? fingerprints[0] : `one of ${fingerprints.join(', ')}`;
      return `it shows a certificate with the fingerprint ${shown}, and \`fingerprint\` says ${expected}`;
    },
  };
}

function signed(file: string | undefined): Secure {
  return {
    options: { rejectUnauthorized: true, ...(file === undefined ? {} : { ca: readAuthority(file) }) },
    wrong: () => undefined,
  };
}

function readAuthority(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatorError(`the authority of the cluster cannot be read: ${(error as Error).message}`, {
      hint: '`ca` under `reach` names a copy of /etc/pve/pve-root-ca.pem',
      cause: error,
    });
  }
  // TLS passes silently over a file without one, and would then trust nobody.
  if (/-----BEGIN CERTIFICATE-----/.test(text)) return text;
  throw new OperatorError(`${file} holds no certificate (PEM)`, {
    hint: '`ca` under `reach` names a copy of /etc/pve/pve-root-ca.pem',
  });
}

class Connections extends Agent {
  readonly #url: URL;
  readonly #secure: Secure;
  readonly #timeout: number;

  constructor(url: URL, secure: Secure, timeout: number, keepAlive: boolean) {
    super({ keepAlive });
    this.#url = url;
    this.#secure = secure;
    this.#timeout = timeout;
  }

  /** Hands a connection over once it is trusted: a request that has a socket has one that stands. */
  override createConnection(_: unknown, done: (error: Error | null, socket: Duplex) => void): undefined {
    const { hostname, port } = this.#url;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const name = isIP(host) ? {} : { servername: host };
    const socket = connect({ host, port: Number(port) || 443, ...name, ...this.#secure.options });
    const end = (error?: Error) => {
      clearTimeout(timer);
      socket.removeListener('error', end);
      if (!error) return done(null, socket);
      socket.on('error', () => {}).destroy();
      done(error, socket);
    };
    const timer = setTimeout(() => end(new Error(`no connection within ${this.#timeout / 1000} s`)), this.#timeout);
    socket.once('error', end);
    socket.once('secureConnect', () => {
      const wrong = this.#secure.wrong(socket);
      end(wrong === undefined ? undefined : new Distrust(wrong));
    });
  }
}
