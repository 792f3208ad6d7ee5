import { connect, type PeerCertificate } from 'node:tls';
import { classify, type Failure } from './errors.ts';
import { Lookup } from './lookup.ts';
import { type Trust, tlsOptions, troubleOf } from './tls.ts';

/** What an entry shows to whoever comes by TLS. */
export interface Certificate {
  subject: string;
  issuer: string;
  /** Epoch ms: from when to when it holds. */
  from: number;
  until: number;
  /** Why users would be warned of it, in a word; absent where they would not. */
  trouble?: string;
}

/** Looks once, and asks nothing: resolves with the certificate, trusted or not, or with why there is none. `timeout` in ms. */
export function lookAtCertificate(
  url: URL,
  trust: Trust,
  timeout: number,
): Promise<{ certificate: Certificate } | { failure: Failure }> {
  return new Promise((resolve) => {
    const lookup = new Lookup();
    const socket = connect({
      ...tlsOptions(url),
      lookup: lookup.find,
      secureContext: trust,
      rejectUnauthorized: false,
    });
    const late = setTimeout(() => decide({ failure: lookup.timeout }), timeout);
    const decide = (seen: { certificate: Certificate } | { failure: Failure }) => {
      clearTimeout(late);
      socket.destroy();
      resolve(seen);
    };
    socket.on('secureConnect', () => {
      const certificate = readCertificate(socket.getPeerCertificate(), socket.authorizationError);
      decide(certificate ? { certificate } : { failure: { error: 'tls', detail: 'no certificate that can be read' } });
    });
    socket.on('error', (error) => decide({ failure: classify(error) }));
    socket.on('close', () => decide({ failure: { error: 'closed' } }));
  });
}

/** @param wrong the code of what is wrong with it, as Node has it */
function readCertificate(shown: PeerCertificate, wrong: unknown): Certificate | undefined {
  const [from, until] = [Date.parse(shown.valid_from), Date.parse(shown.valid_to)];
  if (Number.isNaN(from) || Number.isNaN(until)) return undefined;
  const code = wrong instanceof Error ? (wrong as NodeJS.ErrnoException).code : wrong;
  return {
    subject: nameIn(shown.subject),
    issuer: nameIn(shown.issuer),
    from,
    until,
    ...(code ? { trouble: troubleOf(String(code)) ?? String(code) } : {}),
  };
}

const DAY = 24 * 60 * 60 * 1000;
/** Long enough to have it renewed. */
const SOON = 14 * DAY;

/** `now` in epoch ms: `of edge by lab, ends 2027-02-27 (in 90 days)`; what is wrong with it stands first. */
export function sayCertificate({ subject, issuer, until, trouble }: Certificate, now: number): string {
  const days = Math.floor(Math.abs(until - now) / DAY);
  const span = `${days} ${days === 1 ? 'day' : 'days'}`;
  const end = `${new Date(until).toISOString().slice(0, 10)} (${until < now ? `${span} ago` : `in ${span}`})`;
  const warned = trouble === undefined ? '' : `${trouble}: `;
  return `${warned}of ${subject} by ${issuer}, ${until < now ? 'ended' : 'ends'} ${end}`;
}

/** Whether somebody must see to it: users are warned of it, or will be within two weeks. */
export function needsCare({ until, trouble }: Certificate, now: number): boolean {
  return trouble !== undefined || until < now + SOON;
}

const LONGEST_NAME = 100;

/** Its common name, or else what it has of the others. */
function nameIn(names: Partial<PeerCertificate['subject']> | undefined): string {
  const common = [names?.CN ?? []].flat().join(', ');
  const all = Object.values(names ?? {}).flat();
  return (common || all.join(', ') || 'nobody').slice(0, LONGEST_NAME);
}
