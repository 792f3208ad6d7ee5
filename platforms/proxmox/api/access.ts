import { readSecret } from '../../../files/reference.ts';
import { rememberSecret } from '../../../output/secrets.ts';
import type { ProxmoxLogin } from '../cluster.ts';

/** Who the suite is at the API, and how it shows that. */
export interface Access {
  /** User, or user and token: `brownout@pve!suite`. */
  readonly who: string;
  /** Whether it has been let in before: then a node that refuses it may be one that has just started, and knows nobody yet. */
  known: boolean;
  /** Headers for a request. Throws OperatorError where there is no secret, ApiError where there is no ticket. */
  headers(isChange: boolean): Promise<Record<string, string>>;
  /** These headers were refused. True when new ones may be let in. */
  renew(refused: Record<string, string>): boolean;
}

export interface Ticket {
  ticket: string;
  /** To be shown with each change. */
  csrf: string;
}

/** A ticket is good for two hours by the cluster's clock. */
const TICKET_AGE = 3_600_000;

/** @param login gets a ticket for a user and a password */
export function openAccess(
  login: ProxmoxLogin,
  getTicket: (user: string, password: string) => Promise<Ticket>,
): Access {
  return 'token' in login ? new TokenAccess(login) : new TicketAccess(login, getTicket);
}

class TokenAccess implements Access {
  readonly who: string;
  known = false;
  readonly #reference: string;
  #secret: string | undefined;

  constructor({ token, secret }: Extract<ProxmoxLogin, { token: string }>) {
    this.who = token;
    this.#reference = secret;
  }

  async headers(): Promise<Record<string, string>> {
    this.#secret ??= await readSecret(this.#reference, `the secret of the API token ${this.who}`);
    return { authorization: `PVEAPIToken=${this.who}=${this.#secret}` };
  }

  renew(): boolean {
    return false;
  }
}

class TicketAccess implements Access {
  readonly who: string;
  known = false;
  readonly #reference: string;
  readonly #getTicket: (user: string, password: string) => Promise<Ticket>;
  /** One for all who ask at the same time. */
  #ticket: Promise<Ticket> | undefined;
  #cookie: string | undefined;
  #gotAt = Number.NEGATIVE_INFINITY;

  constructor(
    { user, password }: Extract<ProxmoxLogin, { user: string }>,
    getTicket: (user: string, password: string) => Promise<Ticket>,
  ) {
    this.who = user;
    this.#reference = password;
    this.#getTicket = getTicket;
  }

  async headers(isChange: boolean): Promise<Record<string, string>> {
    if (performance.now() - this.#gotAt > TICKET_AGE) this.#ticket = undefined;
    this.#ticket ??= this.#login();
    const { ticket, csrf } = await this.#ticket;
    const cookie = `PVEAuthCookie=${encodeURIComponent(ticket)}`;
    this.#cookie = cookie;
    return { cookie, ...(isChange ? { csrfpreventiontoken: csrf } : {}) };
  }

  /** Only once for each ticket, however many requests it was refused to. */
  renew({ cookie }: Record<string, string>): boolean {
    if (cookie !== undefined && cookie === this.#cookie) {
      this.#ticket = undefined;
      this.#cookie = undefined;
    }
    return true;
  }

  async #login(): Promise<Ticket> {
    this.#gotAt = performance.now();
    try {
      const password = await readSecret(this.#reference, `the password of ${this.who}`);
      const { ticket, csrf } = await this.#getTicket(this.who, password);
      rememberSecret(ticket);
      rememberSecret(csrf);
      return { ticket, csrf };
    } catch (error) {
      this.#ticket = undefined;
      throw error;
    }
  }
}
