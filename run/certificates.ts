import type { StreamSpec } from '../probes/probe.ts';
import { type Certificate, lookAtCertificate } from '../probes/wire/certificate.ts';
import { trustOf } from '../probes/wire/tls.ts';

/** What an entry with TLS showed, or why it showed nothing. */
export type Shown = { target: string } & ({ certificate: Certificate } | { why: string });

/** ms; long enough for a handshake with a load balancer that is busy. */
const LOOK = 3000;

/** The entries with TLS of these streams, each once, and how to look at its certificate. Looking rejects with OperatorError when the authority cannot be read. */
export function tlsEntries(streams: readonly StreamSpec[]): { target: string; look(): Promise<Shown> }[] {
  const secure = streams.filter(({ target }) => target.startsWith('https:'));
  const entries = new Map(secure.map(({ target, ca }) => [new URL(target).origin, ca]));
  return [...entries].map(([target, ca]) => ({ target, look: () => look(target, ca) }));
}

async function look(target: string, ca: string | undefined): Promise<Shown> {
  const seen = await lookAtCertificate(new URL(target), await trustOf(ca), LOOK);
  if ('certificate' in seen) return { target, certificate: seen.certificate };
  const { error, detail } = seen.failure;
  return { target, why: detail === undefined ? error : `${error}: ${detail}` };
}
