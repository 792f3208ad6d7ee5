import { request } from 'node:http';
import type { Readable } from 'node:stream';
import { OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';

/** A Docker daemon's API over its unix socket: the few calls that building and joining a lab takes. */
export interface Docker {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Posts a stream (an image, a build context) and returns all that the daemon says while it works on it. */
  upload(path: string, type: string, body: Readable): Promise<string>;
}

/** Without a leader a manager's calls hang instead of failing. */
const CALL_MS = 10_000;
/** An import of the whole root filesystem on a busy disk. */
const UPLOAD_MS = 300_000;

export class DockerError extends OperatorError {
  readonly status: number | undefined;
  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** @param socket path of the unix socket, as of now: it may change when the machine is powered on again */
export function dockerAt(socket: () => string): Docker {
  return {
    get: async <T>(path: string) => parse<T>(await call(socket(), 'GET', path)),
    post: async <T>(path: string, body?: unknown) =>
      parse<T>(await call(socket(), 'POST', path, { body: JSON.stringify(body ?? {}) })),
    upload: async (path, type, body) => {
      const said = await call(socket(), 'POST', path, { type, stream: body });
      // Docker answers 200 before it starts the work; an error after that is a line of the answer.
      const failure = said.split('\n').find((line) => line.includes('"error"'));
      if (failure)
        throw new DockerError(`docker ${path}: ${(JSON.parse(failure) as { error: string }).error}`, undefined);
      return said;
    },
  };
}

/** Waits until the daemon answers. Rejects with `otherwise()` after `timeout` ms. */
export async function answers(docker: Docker, timeout: number, otherwise: () => Promise<Error>): Promise<void> {
  const ping = () =>
    docker.get('/_ping').then(
      () => true,
      () => false,
    );
  if (!(await poll(ping, Boolean, { timeout, every: 30 }))) throw await otherwise();
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return text as T; // `/_ping` says OK, some calls say nothing.
  }
}

function call(
  socketPath: string,
  method: string,
  path: string,
  send: { body?: string; stream?: Readable; type?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new DockerError(`docker ${method} ${path}: ${cause.message}`, undefined, cause));
    const outgoing = request({
      socketPath,
      method,
      path,
      headers: { host: 'docker', 'content-type': send.type ?? 'application/json' },
      signal: AbortSignal.timeout(send.stream ? UPLOAD_MS : CALL_MS),
    });
    outgoing.on('error', fail).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => {
        text += data;
      });
      response.on('error', fail).on('end', () => {
        const status = response.statusCode ?? 0;
        if (status < 400) return resolve(text);
        reject(
          new DockerError(`docker ${method} ${path}: ${parse<{ message?: string }>(text).message ?? text}`, status),
        );
      });
    });
    if (send.stream) send.stream.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    else outgoing.end(send.body);
  });
}
