import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { OperatorError } from '../../units/operator-error.ts';
import { hostOf } from './host.ts';

/** Text in PEM form, not the file that holds it: where a probe runs elsewhere, that file is not. */
const PEM = '-----BEGIN ';

/** Whom a client believes: the authorities that this computer trusts, and with `ca` those in that file, or text. */
export type Trust = SecureContext;

/** Made once and used by all connections: reading the authorities takes longer than a handshake. Rejects with OperatorError. */
export async function trustOf(ca: string | undefined): Promise<Trust> {
  if (ca === undefined) return createSecureContext();
  let pem: string;
  try {
    pem = ca.startsWith(PEM) ? ca : await readFile(ca, 'utf8');
  } catch (cause) {
    throw new OperatorError(`the authority of the entries cannot be read: ${(cause as Error).message}`, {
      hint: 'Is `entry-ca` of the cluster file right? A lab has its own once it is up.',
      cause,
    });
  }
  try {
    // Alone it would take nonsense for no authority at all.
    new X509Certificate(pem);
    return createSecureContext({ ca: [...getCACertificates('default'), pem] });
  } catch (cause) {
    throw new OperatorError(`${ca} has no certificate of an authority: ${(cause as Error).message}`, {
      hint: '`entry-ca` of the cluster file is a file in PEM form: -----BEGIN CERTIFICATE-----',
      cause,
    });
  }
}

/** Where a TLS connection goes, and what it says of that. */
export function tlsOptions(url: URL): ConnectionOptions & { host: string; port: number } {
  const host = hostOf(url);
  return {
    host,
    port: Number(url.port || 443),
    // No server has a name that is an address.
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
  };
}

const WORDS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not yet valid',
  CERT_REVOKED: 'revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'for another name',
  HOSTNAME_MISMATCH: 'for another name',
};
const UNTRUSTED =
  /^(UNABLE_TO_GET_|UNABLE_TO_VERIFY_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED|CERT_REJECTED|CERT_SIGNATURE_|CERT_CHAIN_|INVALID_CA|INVALID_PURPOSE)/;

/** What is wrong with a certificate, in a word: `expired`, `untrusted`; undefined for codes of something else. */
export function troubleOf(code: string): string | undefined {
  return WORDS[code] ?? (UNTRUSTED.test(code) ? 'untrusted' : undefined);
}
