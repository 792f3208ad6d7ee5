/**
 * A faulty proxy in front of the Kubernetes API: passes requests on, and now and then answers by itself that it is too busy or broken, cuts
 * the connection, stalls in the middle of an answer, forgets versions, or ends watches. Seeded: the same seed, the same faults
 * in the same order of requests.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Reach } from '../../platforms/kubernetes/api/reach.ts';
import { seeded } from '../../units/random.ts';

export interface FaultyApi {
  /** `http://127.0.0.1:port`. */
  url: string;
  /** How often each fault happened. */
  counts: Record<string, number>;
  /** No request gets an answer, and open connections are silent, until it is undone. */
  silent: boolean;
  close(): void;
}

/** @param share of requests that hit a fault */
export async function faultyApi(reach: Reach, share: number, seed: number): Promise<FaultyApi> {
  const random = seeded(seed);
  const { agent, headers } = await reach.access();
  const open = new Set<ServerResponse>();
  const api: FaultyApi = { url: '', counts: {}, silent: false, close: () => {} };
  const happens = (fault: string) => {
    api.counts[fault] = (api.counts[fault] ?? 0) + 1;
  };

  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    if (api.silent) return;
    const isWatch = request.url!.includes('watch=true');
    const faults = isWatch ? WATCH_FAULTS : FAULTS;
    const fault = random() < share ? faults[Math.floor(random() * faults.length)]! : 'none';
    happens(fault);
    switch (fault) {
      case 'busy':
        return answer(response, 429, { message: 'too many requests' }, { 'retry-after': '1' });
      case 'broken':
        return void response.writeHead(500).end('bad gateway');
      case 'unavailable':
        return answer(response, 503, { message: 'etcd leader changed' });
      case 'cut':
        return void request.socket.destroy();
      case 'forgetful':
        return answer(response, 410, { code: 410, reason: 'Expired', message: 'too old resource version' });
    }
    pass(request, response, fault);
  });

  function pass(request: IncomingMessage, response: ServerResponse, fault: string): void {
    const onward = https.request(new URL(request.url!, reach.server), {
      agent,
      method: request.method,
      headers: { ...request.headers, ...headers, host: reach.server.host },
    });
    onward.on('error', () => response.destroy());
    onward.on('response', (from) => {
      response.writeHead(from.statusCode ?? 500, from.headers);
      from.on('error', () => response.destroy());
      response.on('close', () => from.destroy());
      if (fault === 'stalled') from.once('data', () => stall(from));
      if (fault === 'lost') from.once('data', () => setTimeout(() => response.destroy(), random() * 1500));
      if (fault === 'expired') {
        setTimeout(() => {
          from.destroy();
          if (response.writable) response.end(`${JSON.stringify(EXPIRED)}\n`);
        }, 500);
      }
      // What is not sent during the silence is sent afterwards, as by a network that delayed it.
      from.on('data', (chunk) => void (api.silent ? wait(response, chunk) : response.write(chunk)));
      from.on('end', () => response.end());
    });
    request.pipe(onward);
  }

  const wait = (response: ServerResponse, chunk: Buffer) => {
    const again = setInterval(() => {
      if (api.silent) return;
      clearInterval(again);
      if (response.writable) response.write(chunk);
    }, 100);
  };

  // WebSockets go straight through.
  server.on('upgrade', (request, socket, head) => {
    const { hostname, port } = reach.server;
    const onward = connectTls({ host: hostname, port: Number(port), ...tlsOf(agent) }, () => {
      const lines = Object.entries({ ...request.headers, ...headers, host: reach.server.host });
      onward.write(
        `${request.method} ${request.url} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`,
      );
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return api;
}

const FAULTS = ['busy', 'broken', 'unavailable', 'cut', 'stalled'];
const WATCH_FAULTS = [...FAULTS, 'forgetful', 'lost', 'lost', 'expired'];
const EXPIRED = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };

function stall(from: IncomingMessage): void {
  from.pause();
  setTimeout(() => from.resume(), 1000);
}

function answer(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function tlsOf(agent: unknown): object {
  const { ca, cert, key } = (agent as { options: Record<string, unknown> }).options;
  return { ca, cert, key };
}
