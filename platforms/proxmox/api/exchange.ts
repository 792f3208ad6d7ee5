import type { IncomingMessage } from 'node:http';
import { type Agent, request as send } from 'node:https';
import type { Answer } from './api-error.ts';

/** What is sent to one endpoint, and what bounds it. */
export interface Sending {
  url: URL;
  method: string;
  headers: Record<string, string>;
  /** Undefined: there is no body. */
  form: string | undefined;
  /** From the first byte sent, or the first attempt to connect, to the last of the answer, ms. */
  timeout: number;
  /** Of the answer's body. */
  bytes: number;
}

/** One request and its answer. */
export class Exchange {
  /** Whether anything may have arrived. A request has a socket once the connection stands, and not before. */
  wasSent = false;
  /** It failed because a connection of an earlier request had ended meanwhile: that tells nothing of the endpoint. */
  wasStale = false;

  /** Rejects with whatever was wrong, or with the reason of `ended`. */
  run({ url, method, headers, form, timeout, bytes }: Sending, agent: Agent, ended: AbortSignal): Promise<Answer> {
    const body =
      form === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(form) };
    const request = send(url, {
      agent,
      method,
      headers: { ...headers, ...body, accept: 'application/json', 'user-agent': 'brownout' },
    });
    let stop: (reason: Error) => void = () => {};
    const timer = setTimeout(() => stop(new Error(`no answer within ${timeout / 1000} s`)), timeout);
    const abort = () => stop(ended.reason as Error);
    ended.addEventListener('abort', abort, { once: true });
    return new Promise<Answer>((resolve, reject) => {
      // What is told is the reason, not what the destruction says of itself.
      stop = (reason) => {
        reject(reason);
        request.destroy();
      };
      let response: IncomingMessage | undefined;
      request.once('socket', () => {
        this.wasSent = true;
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        this.wasStale = request.reusedSocket && !response && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '');
        reject(error);
      });
      request.once('close', () => {
        if (!response) reject(new Error('closed without an answer'));
      });
      request.once('response', (incoming) => {
        response = incoming;
        readAll(incoming, bytes).then(resolve, stop);
      });
      request.end(form);
    }).finally(() => {
      clearTimeout(timer);
      ended.removeEventListener('abort', abort);
    });
  }
}

async function readAll(response: IncomingMessage, bytes: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytes) throw new Error(`an answer of more than ${bytes} bytes`);
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    type: response.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
