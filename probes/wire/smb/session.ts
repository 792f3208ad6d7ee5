import type { Failure } from '../errors.ts';
import { type Link, type Memory, type Owner, SmbConnection } from './connection.ts';
import { type Cipher, Sealer } from './encryption.ts';
import { SmbError, SmbProtocolError, type Step } from './errors.ts';
import { type Dialect, dialects, sessionKeys } from './keys.ts';
import type { Answer, Request } from './message.ts';
import { type Negotiated, negotiateRequest, parseNegotiated } from './negotiate.ts';
import { authenticate, firstSignature, type NtlmUser, negotiateMessage } from './ntlm.ts';
import { parseSessionSetup, parseTreeConnect, sessionSetup, treeConnect } from './requests.ts';
import { Signer } from './signing.ts';
import { firstToken, mechanisms, nextToken, tokenIn } from './spnego.ts';
import { endsSession, status } from './status.ts';

/** Which share of which server. */
export interface Share {
  host: string;
  port: number;
  share: string;
}

/** What a session is like once it is there. */
export interface Agreed {
  dialect: Dialect;
  signing: Signer['algorithm'];
  /** The server takes nothing that is not signed. */
  mustSign: boolean;
  /** With which cipher messages are encrypted; undefined when they are not. */
  encryption: Cipher | undefined;
  maxRead: number;
  maxWrite: number;
}

const NOBODY: Owner = { isOver: false };
const SMALL = 64 * 1024;

/** One user's session with one share, on a connection of its own. */
export class SmbSession {
  readonly #share: Share;
  readonly #user: NtlmUser;
  readonly #connection: SmbConnection;
  /** Why nothing more is asked on it, where that is no end of the connection. */
  #isRetired = false;
  #isReady = false;
  #users = 0;
  #unusedSince = performance.now();
  /** Resolves once files can be asked for; rejects with SmbError. */
  readonly ready: Promise<Agreed>;

  constructor(
    share: Share,
    user: NtlmUser,
    memory: Memory,
    offered: readonly Dialect[] = Object.keys(dialects) as Dialect[],
  ) {
    this.#share = share;
    this.#user = user;
    this.#connection = new SmbConnection(share.host, share.port, memory);
    this.ready = this.#open(offered);
    // Who waits for it hears of its failure; it may be that nobody does any more.
    this.ready.then(
      () => {
        this.#isReady = true;
      },
      () => this.#connection.close(),
    );
  }

  /** Not retired, and not at its end. */
  get isKept(): boolean {
    return this.#connection.isAlive && !this.#isRetired;
  }

  /**
   * It is there, and has not kept anybody waiting for more than `patience` ms without a byte: what is asked now does not stand behind
   * what may never be answered.
   */
  answersWithin(patience: number): boolean {
    return this.isKept && this.#isReady && this.#connection.silence <= patience;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** For so many ms nobody has used it; 0 while somebody does. */
  get idle(): number {
    return this.#users > 0 ? 0 : performance.now() - this.#unusedSince;
  }

  get address(): string | undefined {
    return this.#connection.address;
  }

  /** What a timeout at this moment means. */
  get timeout(): Failure {
    return this.#connection.timeout;
  }

  /** Until `leave`, it is not closed by being retired. */
  join(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
    this.#unusedSince = performance.now();
    this.#closeWhenUnused();
  }

  /** Nothing new is asked on it; what is under way goes on, and with the last of it the connection is closed. */
  retire(): void {
    this.#isRetired = true;
    this.#closeWhenUnused();
  }

  /** Whatever is under way is lost. */
  close(): void {
    this.#isRetired = true;
    this.#connection.close();
  }

  /** Rejects with SmbError; never settles when its owner is over first. */
  async request<T>(step: Step, request: Request, owner: Owner, parse: (answer: Answer) => T): Promise<T> {
    return this.chain([{ step, request }], owner, ([answer]) => parse(answer!));
  }

  /** Requests that go together, each about the file that the first one opens. The same. */
  async chain<T>(links: readonly Link[], owner: Owner, parse: (answers: Answer[]) => T): Promise<T> {
    try {
      return this.#parsed(links[0]!.step, await this.#connection.chain(links, owner), parse);
    } catch (error) {
      if (error instanceof SmbError && endsSession(error.status)) this.retire();
      throw error;
    }
  }

  #closeWhenUnused(): void {
    if (this.#isRetired && this.#users === 0) this.#connection.close();
  }

  /** What cannot be read is the server's fault, and the end of the session. */
  #parsed<A, T>(step: Step, answered: A, parse: (answered: A) => T): T {
    try {
      return parse(answered);
    } catch (error) {
      if (!(error instanceof SmbProtocolError)) throw error;
      this.#connection.close();
      throw new SmbError(step, { error: 'protocol', detail: error.message });
    }
  }

  async #ask<T>(step: Step, request: Request, parse: (answer: Answer) => T, accepted?: number[]): Promise<T> {
    return this.#parsed(step, await this.#connection.request(step, request, NOBODY, accepted), parse);
  }

  async #open(offered: readonly Dialect[]): Promise<Agreed> {
    const negotiated = await this.#ask('negotiate', negotiateRequest(offered), parseNegotiated);
    this.#connection.charges = negotiated.large;
    const signer = await this.#authenticate(negotiated);
    const { isDisk, encrypts } = await this.#ask(
      'tree connect',
      treeConnect(this.#share.host, this.#share.share),
      (answer) => {
        this.#connection.tree = answer.tree;
        return parseTreeConnect(answer);
      },
    );
    if (!isDisk)
      throw new SmbError('tree connect', { error: 'no-share', detail: 'a printer or a pipe, and no folder' });
    if (encrypts) this.#encrypt('tree connect', negotiated);
    const most = (theirs: number) => Math.min(theirs, negotiated.large ? theirs : SMALL);
    return {
      dialect: negotiated.dialect,
      signing: signer.algorithm,
      mustSign: negotiated.mustSign,
      encryption: this.#connection.seals ? negotiated.cipher : undefined,
      maxRead: most(negotiated.maxRead),
      maxWrite: most(negotiated.maxWrite),
    };
  }

  async #authenticate(negotiated: Negotiated): Promise<Signer> {
    const step = 'session setup';
    const connection = this.#connection;
    const first = negotiateMessage();
    const { message, sessionKey } = await this.#ask(
      step,
      sessionSetup(firstToken(first)),
      (answer) => {
        if (answer.status !== status.moreProcessing) throw new SmbProtocolError('a session that was given unasked');
        connection.session = answer.session;
        return authenticate(this.#user, this.#share.host, first, tokenIn(parseSessionSetup(answer).token));
      },
      [status.moreProcessing],
    );
    return this.#ask(step, sessionSetup(nextToken(message, firstSignature(sessionKey, mechanisms))), (answer) => {
      const { isGuest, encrypts } = parseSessionSetup(answer);
      if (isGuest) throw new SmbError(step, { error: 'logon', detail: 'taken for a guest' });
      const keys = sessionKeys(negotiated.dialect, sessionKey, connection.preauthentication);
      const signer = new Signer(negotiated.dialect, keys.signing);
      // It proves that the server knows the password, too. Before 3.1.1 some leave the signature of this one answer out.
      const isChecked = answer.isSigned || negotiated.dialect === '3.1.1' || negotiated.mustSign;
      if (isChecked && !(answer.isSigned && signer.isRight(answer.bytes))) {
        throw new SmbProtocolError('an answer that the server did not sign');
      }
      const sealer =
        negotiated.cipher && keys.sealing && new Sealer(negotiated.cipher, keys.sealing, connection.session);
      connection.secure(signer, sealer);
      if (encrypts) this.#encrypt(step, negotiated);
      return signer;
    });
  }

  #encrypt(step: Step, { cipher }: Negotiated): void {
    if (!cipher) throw new SmbError(step, { error: 'protocol', detail: 'encryption without a cipher' });
    this.#connection.sealAll();
  }
}
