import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { rememberSecret } from '../../output/secrets.ts';
import { clip, type Limit, Tally } from '../../processes/bounded.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { withinOr } from '../../units/within.ts';
import { SshAgent, sshPort } from './ssh.ts';

/** TLS material for tcp://, as files. */
export interface DockerTls {
  ca: string;
  cert: string;
  key: string;
}

/** The Docker API of one host. */
export interface DockerHost {
  readonly url: string;
  /** The port by which the suite reaches the host; undefined on a local socket. Throws OperatorError where ssh does not say. */
  port(): Promise<number | undefined>;
  /** Asks, for at most `ms` (default 3 s): without a leader a manager's API does not fail, it hangs. */
  ask<T>(what: string, question: (api: Docker) => Promise<T>, ms?: number): Promise<T>;
  /** Ends every connection that is still open. */
  close(): void;
}

const ASK_TIMEOUT = 3000;
/** Of one answer: a list of some ten thousand tasks. */
const ANSWER: Limit = { bytes: 32 * 2 ** 20, values: 2_000_000 };

/** Opens a client for `tcp://`, `http(s)://`, `unix://` or `ssh://`. Nothing is sent yet. */
export function connect(address: string, tls: DockerTls | undefined): DockerHost {
  const url = parseAddress(address);
  const { options, makeAgent, port } = transport(url, tls);
  const open = new Set<Duplex>();
  return {
    url: address,
    port,
    async ask(what, question, ms = ASK_TIMEOUT) {
      const asked = `${address}: ${what}`;
      const tooLong = Promise.withResolvers<never>();
      // Each question has connections of its own, so that what is read of them is what is read of its answer, and giving it up
      // ends them.
      const agent = bounded(makeAgent(), asked, open, tooLong.reject);
      // The request itself is given up a little later than the question: the clear message comes first, then the socket goes.
      const api = new Docker({ ...options, agent, connectionTimeout: ms + 50 } as object);
      try {
        return await within(ms, asked, Promise.race([question(api), tooLong.promise]));
      } catch (error) {
        agent.destroy();
        throw clipped(error);
      }
    },
    close: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

/**
 * Counts what comes over an agent's connections, below the library, which keeps all of an answer. One that is longer than any
 * should be is cut off, and told.
 */
function bounded(agent: http.Agent, asked: string, open: Set<Duplex>, tell: (error: Error) => void): http.Agent {
  const tally = new Tally(asked, ANSWER);
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const socket = create(options, done) as Duplex;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null) => {
      try {
        if (chunk) tally.add(chunk);
      } catch (error) {
        tell(error as Error);
        socket.destroy(error as Error);
        return false;
      }
      return push(chunk);
    };
    return socket;
  };
  return agent;
}

/** The library puts all of a refusal's body into its error. */
function clipped(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  error.message = clip(error.message);
  const { json } = error as { json?: { message?: unknown } };
  if (typeof json?.message === 'string') json.message = clip(json.message);
  return error;
}

function parseAddress(address: string): URL {
  const url = URL.parse(address);
  if (url && /^(tcp|http|https|unix|ssh):$/.test(url.protocol)) return url;
  throw new OperatorError(`'${address}' is not the address of a Docker API`, {
    hint: 'expected tcp://host:2375, ssh://user@host or unix:///var/run/docker.sock',
  });
}

/** Every option is named, also the empty ones: what is left out, the library takes from DOCKER_* in the environment. */
function transport(url: URL, tls: DockerTls | undefined) {
  const none = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  // No connection is kept: one that slept through its node's power-off would fail the first question afterwards.
  const plain = () => new http.Agent({ keepAlive: false });
  if (url.protocol === 'unix:') {
    return {
      options: { ...none, protocol: 'http', socketPath: url.pathname },
      makeAgent: plain,
      port: async () => undefined,
    };
  }
  if (url.protocol === 'ssh:') {
    const options = { ...none, protocol: 'http', host: 'docker', port: 80 };
    return { options, makeAgent: () => new SshAgent(url), port: () => sshPort(url) };
  }
  const secure = tls !== undefined || url.protocol === 'https:';
  const number = Number(url.port || (secure ? 2376 : 2375));
  const port = async () => number;
  const options = { ...none, host: url.hostname, port: number, protocol: secure ? 'https' : 'http' };
  if (!secure) return { options, makeAgent: plain, port };
  if (!tls) return { options, makeAgent: () => new https.Agent({ keepAlive: false }), port };
  const key = readPem(tls.key);
  rememberSecret(key.toString('utf8'));
  const material = { ca: readPem(tls.ca), cert: readPem(tls.cert), key };
  const makeAgent = () => new https.Agent({ keepAlive: false, ...material });
  return { options: { ...options, ...material }, makeAgent, port };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OperatorError(`TLS file cannot be read: ${(error as Error).message}`, {
      hint: 'see `reach.tls` in the cluster file',
      cause: error,
    });
  }
}

/** Rejects when `work` has not settled after `ms`. The work itself is not stopped: closing its host does that. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return withinOr(ms, work, () => new TimeoutError(`${what}: no answer within ${ms} ms`));
}

class TimeoutError extends Error {}

/** HTTP status of a refused request; undefined when the host did not answer at all. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}

/** An answer that stays the same however often it is asked for: not allowed, or no such request. Not a conflict (409), which passes. */
export function isRefused(error: unknown): boolean {
  return [400, 401, 403, 405].includes(statusOf(error) ?? 0);
}

/** Docker itself says so. A bare 404 may be anybody's: a proxy that has no way to it says it of everything; and of a path that it does not know Docker says another word. */
export function isGone(error: unknown): boolean {
  const { json } = error as { json?: { message?: unknown } };
  return statusOf(error) === 404 && typeof json?.message === 'string' && json.message !== 'page not found';
}

/** Passes over "not there" and "already so": an idempotent act has nothing left to do. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isGone(error) || statusOf(error) === 304) return undefined;
    throw error;
  }
}

/** Docker's own words where it answered, the system's where it did not. */
export function describeFailure(error: unknown): string {
  const { json, message, code } = error as { json?: { message?: string }; message?: string; code?: string };
  return json?.message ?? message ?? code ?? String(error);
}
