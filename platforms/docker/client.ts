import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import Docker from 'dockerode';
import { OperatorError } from '../../units/operator-error.ts';
import { SshAgent } from './ssh.ts';

/** TLS material for tcp://, as files. */
export interface DockerTls {
  ca: string;
  cert: string;
  key: string;
}

/** The Docker API of one host. */
export interface DockerHost {
  readonly url: string;
  /** The port by which the suite reaches the host; undefined on a local socket. */
  readonly port: number | undefined;
  /** Asks, for at most `ms` (default 3 s): without a leader a manager's API does not fail, it hangs. */
  ask<T>(what: string, question: (api: Docker) => Promise<T>, ms?: number): Promise<T>;
  /** Ends every connection that is still open. */
  close(): void;
}

const ASK_TIMEOUT = 3000;

/** Opens a client for `tcp://`, `http(s)://`, `unix://` or `ssh://`. Nothing is sent yet. */
export function connect(address: string, tls: DockerTls | undefined): DockerHost {
  const url = parseAddress(address);
  const { options, agent, port } = transport(url, tls);
  return {
    url: address,
    port,
    ask(what, question, ms = ASK_TIMEOUT) {
      // The request itself is given up a little later than the question: the clear message comes first, then the socket goes.
      const api = new Docker({ ...options, agent, connectionTimeout: ms + 50 } as object);
      return within(ms, `${address}: ${what}`, question(api));
    },
    close: () => agent.destroy(),
  };
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
  const plain = new http.Agent({ keepAlive: false });
  if (url.protocol === 'unix:') {
    return { options: { ...none, protocol: 'http', socketPath: url.pathname }, agent: plain, port: undefined };
  }
  if (url.protocol === 'ssh:') {
    const options = { ...none, protocol: 'http', host: 'docker', port: 80 };
    return { options, agent: new SshAgent(url), port: Number(url.port || 22) };
  }
  const secure = tls !== undefined || url.protocol === 'https:';
  const port = Number(url.port || (secure ? 2376 : 2375));
  const options = { ...none, host: url.hostname, port, protocol: secure ? 'https' : 'http' };
  if (!tls) return { options, agent: secure ? new https.Agent({ keepAlive: false }) : plain, port };
  const material = { ca: readPem(tls.ca), cert: readPem(tls.cert), key: readPem(tls.key) };
  return { options: { ...options, ...material }, agent: new https.Agent({ keepAlive: false, ...material }), port };
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
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`${what}: no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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

export function isGone(error: unknown): boolean {
  return statusOf(error) === 404;
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
