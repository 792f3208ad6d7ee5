/** Endpoints that speak TLS on this computer and answer what a test wants, such as what a real cluster was recorded to answer. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';

/** Of `tests/data/proxmox/answers.json`: what a real Proxmox VE 9.2 was asked, and answered. */
export interface Recorded {
  label: string;
  phase: string;
  via: string;
  auth: 'token' | 'ticket' | 'none' | 'badtoken' | 'malformed';
  /** Seconds. */
  elapsed_s: number;
  request: { method: string; path: string; params: Record<string, unknown> };
  status: number;
  reason: string;
  headers: { 'content-type': string | null };
  /** An object, or the empty text. */
  body: unknown;
}

const DATA = new URL('../data/proxmox/', import.meta.url);

export function readData<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, DATA), 'utf8')) as T;
}

/** Sends it as it came: status, reason phrase, type and body. */
export function replay(response: ServerResponse, { status, reason, headers, body }: Recorded): void {
  const type = headers['content-type'];
  response.writeHead(status, reason, type === null ? {} : { 'content-type': type });
  response.end(body === '' ? '' : JSON.stringify(body));
}

/** A cluster's authority, and the certificates that it signs: files in a folder that `remove` removes. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'brownout-proxmox-'));
  readonly file = join(this.#folder, 'ca.pem');
  #count = 0;

  constructor() {
    this.#make(
      'ca',
      '/CN=Proxmox Virtual Environment',
      ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign'],
      [],
    );
  }

  /** A certificate of this computer, at an address of its loopback. */
  issue(address = '127.0.0.1'): { cert: string; key: string; fingerprint: string } {
    this.#count += 1;
    const name = `pve${this.#count}`;
    const signed = ['-CA', this.file, '-CAkey', join(this.#folder, 'ca.key')];
    this.#make(name, `/CN=${name}`, [`subjectAltName=IP:${address}`, 'extendedKeyUsage=serverAuth'], signed);
    const [cert, key] = ['pem', 'key'].map((end) => readFileSync(join(this.#folder, `${name}.${end}`), 'utf8'));
    return { cert: cert!, key: key!, fingerprint: new X509Certificate(cert!).fingerprint256 };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #make(name: string, subject: string, extensions: string[], by: string[]): void {
    const path = join(this.#folder, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${path}.key`];
    const added = extensions.flatMap((each) => ['-addext', each]);
    const request = ['req', '-x509', '-config', '/dev/null', '-days', '2', '-subj', subject, ...key, ...by, ...added];
    execaSync('openssl', [...request, '-out', `${path}.pem`], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** One node's API. */
export class TestEndpoint {
  readonly origin: string;
  readonly fingerprint: string;
  /** Method and path of what came in, decoded. */
  readonly asked: string[] = [];
  handler: Handler;
  readonly #server: Server;

  private constructor(server: Server, fingerprint: string, handler: Handler) {
    this.#server = server;
    this.fingerprint = fingerprint;
    this.handler = handler;
    this.origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        this.asked.push(`${request.method} ${decodeURIComponent(request.url!.replace('/api2/json', ''))}`);
        this.handler(request, response, body);
      });
    });
  }

  static async open(authority: Authority, handler: Handler): Promise<TestEndpoint> {
    const { cert, key, fingerprint } = authority.issue();
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestEndpoint(server, fingerprint, handler);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
