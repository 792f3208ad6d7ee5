/** A call for another node goes to that node's API, with what the caller showed to be known by. */
import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { certificatePath } from './broadcast.ts';
import type { Parts } from './parts.ts';
import { failed, Refusal } from './refusal.ts';

/** The other node is to answer itself, and not to ask a third. */
export const NO_PROXY = 'pvedisableproxy';
/** Milliseconds without a sign of the other node. */
const PATIENCE = 30_000;
const PASSED_ON = ['authorization', 'cookie', 'csrfpreventiontoken', 'content-type'];

export interface Passed {
  method: string;
  /** Path and query, as they came. */
  target: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
};

/**
 * Throws Refusal 500 for a node that is none, 595 (empty body) where it cannot be reached and 596 where it is lost after that.
 */
export async function passOn(parts: Parts, node: string, port: number, call: Passed): Promise<IncomingMessage> {
  const address = parts.membership.nodes().find(({ name }) => name === node)?.address;
  if (address === undefined) {
    const why = 'Temporary failure in name resolution';
    throw failed(`hostname lookup '${node}' failed - failed to get address info for: ${node}: ${why}`);
  }
  const certificate = await parts.files.read(certificatePath(node));
  const fingerprint = certificate === undefined ? undefined : new X509Certificate(certificate).fingerprint256;
  return send(address, port, fingerprint, call);
}

function send(host: string, port: number, fingerprint: string | undefined, call: Passed): Promise<IncomingMessage> {
  const headers = Object.fromEntries(
    PASSED_ON.filter((name) => call.headers[name]).map((name) => [name, call.headers[name]]),
  );
  return new Promise((resolve, reject) => {
    let connected = false;
    const refuse = (reason: string) => reject(new Refusal(connected ? 596 : 595, reason, { hasBody: false }));
    const request = httpsRequest({
      host,
      port,
      path: call.target,
      method: call.method,
      headers: { ...headers, [NO_PROXY]: 'true', 'content-length': call.body.length },
      agent: false,
      timeout: PATIENCE,
      // The nodes know each other by the certificate that each has shown to the cluster.
      rejectUnauthorized: false,
    });
    request.on('socket', (socket) => {
      socket.on('secureConnect', () => {
        connected = true;
        const shown = (socket as TLSSocket).getPeerCertificate().fingerprint256;
        if (fingerprint !== undefined && shown !== fingerprint) request.destroy(new Error('fingerprint mismatch'));
      });
    });
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', (error: NodeJS.ErrnoException) => refuse(REASONS[error.code ?? ''] ?? error.message));
    request.end(call.body);
  });
}
