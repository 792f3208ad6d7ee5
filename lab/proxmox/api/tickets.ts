/** Who is it that calls: by API token, or by ticket and, for changes, the token against forged requests. */
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ClusterFiles } from '../node/parts.ts';
import { isPassword, isTokenSecret, readAccess, same, ticketKey } from './access-files.ts';
import { epoch } from './parts.ts';
import { notAuthenticated, Refusal } from './refusal.ts';

/** `root@pam`, or by token `root@pam!ci`. */
export interface Caller {
  user: string;
  tokenId?: string;
}

/** As tasks and access entries name it. */
export const nameOf = ({ user, tokenId }: Caller) => (tokenId === undefined ? user : `${user}!${tokenId}`);

/** Seconds. */
const LIFETIME = 7200;
/** A clock of another node may be ahead, seconds. */
const AHEAD = 300;

/** Eight digits, as in tickets and names of tasks. */
export const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');

export class Tickets {
  readonly #files: ClusterFiles;

  constructor(files: ClusterFiles) {
    this.#files = files;
  }

  /** Of `POST /access/ticket`: with a password, or with a ticket that is still good. Throws Refusal 401, with a body. */
  async login(user: string, password: string): Promise<{ ticket: string; CSRFPreventionToken: string }> {
    const known = (await readAccess(this.#files)).users.get(user);
    const good =
      known?.enabled &&
      (password.startsWith('PVE:')
        ? (await this.#userOf(password)) === user
        : await isPassword(this.#files, user, password));
    if (!good) throw new Refusal(401, 'authentication failure');
    const time = hex(epoch());
    const ticket = `PVE:${user}:${time}`;
    return {
      ticket: `${ticket}::${await this.#sign(ticket)}`,
      CSRFPreventionToken: `${time}:${await this.#sign(`${time}:${user}`)}`,
    };
  }

  /** Throws Refusal 401 without a body. */
  async identify(headers: IncomingHttpHeaders, isChange: boolean): Promise<Caller> {
    const { authorization } = headers;
    if (authorization?.startsWith('PVEAPIToken')) return this.#byToken(authorization);
    const ticket = ticketIn(headers.cookie);
    if (ticket === undefined) throw notAuthenticated('No ticket');
    const user = await this.#userOf(ticket);
    if (user === undefined || !(await readAccess(this.#files)).users.get(user)?.enabled)
      throw notAuthenticated('Authentication failed!');
    if (isChange) await this.#checkForgery(user, String(headers.csrfpreventiontoken ?? ''));
    return { user };
  }

  async #byToken(header: string): Promise<Caller> {
    const [, user, tokenId, secret] = /^PVEAPIToken[= ]([^\s!]+@[^\s!]+)!([^\s=]+)=(\S+)$/.exec(header) ?? [];
    const failure = notAuthenticated('Authentication failed!');
    if (user === undefined) throw failure;
    const name = `${user}!${tokenId}`;
    const access = await readAccess(this.#files);
    const token = access.tokens.get(name);
    const expired = token !== undefined && token.expire !== 0 && token.expire < epoch();
    if (!token || expired || !access.users.get(user)?.enabled) throw failure;
    if (!(await isTokenSecret(this.#files, name, secret!))) throw failure;
    return { user, tokenId: tokenId! };
  }

  /** Undefined for a ticket that is none, or not any more. */
  async #userOf(ticket: string): Promise<string | undefined> {
    const [, text, user, time, signature] = /^(PVE:([^:\s]+):([0-9A-F]{8}))::(\S+)$/i.exec(ticket) ?? [];
    if (text === undefined || !isFresh(time!)) return undefined;
    return same(await this.#sign(text), signature!) ? user : undefined;
  }

  async #checkForgery(user: string, token: string): Promise<void> {
    const [time = '', signature = ''] = token.split(':');
    if (!isFresh(time) || !same(await this.#sign(`${time}:${user}`), signature))
      throw notAuthenticated('Permission denied - invalid csrf token');
  }

  async #sign(text: string): Promise<string> {
    const key = await ticketKey(this.#files);
    if (key === undefined) throw new Refusal(500, 'no authentication key');
    return createHmac('sha256', key).update(text).digest('base64');
  }
}

function isFresh(time: string): boolean {
  const age = epoch() - Number.parseInt(time, 16);
  return age > -AHEAD && age < LIFETIME;
}

/** Clients send it as it is or percent-encoded, and some with what only belongs into an answer's cookie. */
function ticketIn(cookie: string | undefined): string | undefined {
  const found = /(?:^|;\s*)PVEAuthCookie=([^;]*)/
    .exec(cookie ?? '')?.[1]
    ?.trim()
    .replace(/^"(.*)"$/, '$1');
  if (found === undefined || found === '') return undefined;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
