import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import pRetry from 'p-retry';
import { OperatorError } from '../../units/operator-error.ts';
import type { KubernetesObject } from './objects.ts';

/** The cluster's API, as its administrator: the few calls that bringing a lab up takes. */
export interface Api {
  get<T>(path: string): Promise<T>;
  /** Creates an object as given, or changes what differs. */
  apply(object: KubernetesObject): Promise<void>;
  /** Creates an object that does not exist yet: for thousands of them, a third of the work of applying. */
  create(object: KubernetesObject): Promise<void>;
  close(): void;
}

export class ApiError extends OperatorError {
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

const CALL_MS = 10_000;
const CONTENT_TYPES: Record<string, string> = { PATCH: 'application/apply-patch+yaml', POST: 'application/json' };

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** @param kubeconfig a file that the lab has written: one cluster, one user, no references to other files */
export async function apiOf(kubeconfig: string): Promise<Api> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = clusters[0]!.cluster;
  const { 'client-certificate-data': cert, 'client-key-data': key } = users[0]!.user;
  const decoded = (text: string) => Buffer.from(text, 'base64');
  const agent = new Agent({ keepAlive: true, ca: decoded(ca), cert: decoded(cert), key: decoded(key) });
  const call = (method: string, path: string, body?: unknown) => send(agent, method, new URL(path, server), body);
  return {
    get: async <T>(path: string) => {
      const text = await call('GET', path);
      return (/^\s*[{[]/.test(text) ? JSON.parse(text) : text) as T;
    },
    apply: async (object) => {
      await call('PATCH', `${pathOf(object)}?fieldManager=brownout-lab&force=true`, object);
    },
    create: async (object) => {
      const path = pathOf(object);
      await call('POST', path.slice(0, path.lastIndexOf('/')), object);
    },
    close: () => agent.destroy(),
  };
}

/** Repeats a call that fails because the API is not up yet, or not completely. Rejects with its last error after `timeout` ms. */
export async function steadily<T>(timeout: number, call: () => Promise<T>): Promise<T> {
  return pRetry(call, {
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: timeout,
    minTimeout: 100,
    factor: 1,
    shouldRetry: ({ error }) => error instanceof ApiError,
  });
}

/** An object's path in the API. Plurals are regular for all the kinds that the lab creates. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = `${kind.toLowerCase()}${/(s|x|ch|sh)$/.test(kind) ? 'es' : 's'}`;
  return `${group}${namespace ? `/namespaces/${namespace}` : ''}/${plural}/${name}`;
}

function send(agent: Agent, method: string, url: URL, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new ApiError(`the API at ${url.origin} does not answer: ${cause.message}`, undefined, cause));
    const outgoing = request(url, {
      agent,
      method,
      headers: body === undefined ? {} : { 'content-type': CONTENT_TYPES[method] },
      signal: AbortSignal.timeout(CALL_MS),
    });
    outgoing.on('error', fail).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => {
        text += data;
      });
      response.on('error', fail).on('end', () => {
        const status = response.statusCode ?? 0;
        if (status < 400) return resolve(text);
        reject(new ApiError(`${method} ${url.pathname}: ${status} ${reasonIn(text)}`, status));
      });
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The API gives the reason in a Status object; whatever answers in front of it, in plain text. */
function reasonIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.trim();
  }
}
