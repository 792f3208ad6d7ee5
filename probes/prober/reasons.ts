import type { ErrorClass, Result } from '../probe.ts';

/** So many different reasons are kept of a second; a target that always says something else is *others*. */
const MOST = 8;
const LONGEST_DETAIL = 120;

const WORDS: Partial<Record<ErrorClass, string>> = {
  refused: 'connection refused',
  reset: 'connection reset',
  closed: 'connection closed',
  tls: 'TLS',
  body: 'not the content that is wanted',
  protocol: 'no answer that can be read',
  logon: 'not let in',
  denied: 'access denied',
  'no-share': 'no such share',
  'no-space': 'no space left',
  sharing: 'file in use',
  prober: 'not asked',
};

/** Why a probe was not ok, for people: `status 301 to https://vip/`, `TLS: untrusted (DEPTH_ZERO_SELF_SIGNED_CERT)`. */
export function reasonOf({ error, status, detail }: Result): string {
  const more = detail?.slice(0, LONGEST_DETAIL);
  if (error === 'status') return `status ${status}${more === undefined ? '' : ` to ${more}`}`;
  const words = WORDS[error] ?? error;
  return more === undefined ? words : `${words}: ${more}`;
}

/** How often which reason was there. */
export class Reasons {
  readonly #counts = new Map<string, number>();

  add(reason: string): void {
    const known = this.#counts.has(reason) || this.#counts.size < MOST ? reason : 'others';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  told(): { reasons?: Record<string, number> } {
    return this.#counts.size === 0 ? {} : { reasons: Object.fromEntries(this.#counts) };
  }
}
