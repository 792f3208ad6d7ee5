import type { ErrorClass } from '../probe.ts';
import { troubleOf } from './tls.ts';

const CLASSES: Record<string, ErrorClass> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ENONET: 'unreachable',
  EPROTO: 'tls',
};
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

export interface Failure {
  error: ErrorClass;
  /** The code of a `prober` or `tls` error; what is wrong with a certificate stands before it in a word. */
  detail?: string;
}

/**
 * What a socket's error means, and whose fault it is. A code that is not known to come from the target or the way to it counts
 * as the prober's: it is better to call a run unknown than to blame the target for what it did not do.
 */
export function classify(error: unknown): Failure {
  const cause = firstOf(error);
  const code = (cause as NodeJS.ErrnoException).code ?? cause.name;
  const known = CLASSES[code] ?? (TLS.test(code) ? 'tls' : undefined);
  if (known === 'tls') {
    const trouble = troubleOf(code);
    return { error: known, detail: trouble === undefined ? code : `${trouble} (${code})` };
  }
  return known ? { error: known } : { error: 'prober', detail: code };
}

/** A name with several addresses fails with one error for each; the first address is the one a user would ask about. */
function firstOf(error: unknown): Error {
  if (error instanceof AggregateError && error.errors.length > 0) return firstOf(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}
