import { connect, isIP, type Socket } from 'node:net';
import { classify, type Failure } from '../errors.ts';
import { Lookup } from '../lookup.ts';
import { isSealed, type Sealer } from './encryption.ts';
import { SmbError, SmbProtocolError, type Step } from './errors.ts';
import { FrameReader, framed, limits } from './frame.ts';
import { Preauthentication } from './keys.ts';
import { type Answer, chained, command, message, parseAnswers, type Request } from './message.ts';
import type { Signer } from './signing.ts';
import { endsSession, errorOf, status } from './status.ts';

/** So many requests, of 64 KiB each, are asked to be allowed at once. */
const CREDITS = 128;

/** Whose request it is. Once it is over, its answers are of no use to anybody. */
export interface Owner {
  isOver: boolean;
  /** A request of it was sent. */
  hasAsked?: true;
}

/** One request of a chain. */
export interface Link {
  step: Step;
  request: Request;
  /** Answers that are good beside `status.ok`. */
  accepted?: readonly number[];
}

/** Bytes that all of a stream's connections hold together. */
export interface Memory {
  held: number;
}

interface Pending {
  step: Step;
  request: Request;
  owner: Owner;
  interim: number;
  resolve(answer: Answer): void;
  reject(error: SmbError): void;
}

/**
 * One TCP connection with many requests on it at once. An answer is told by its message id: one that comes after its owner is
 * over is dropped, and one to nothing that was asked ends the connection.
 */
export class SmbConnection {
  readonly #socket: Socket;
  readonly #lookup = new Lookup();
  readonly #reader = new FrameReader();
  readonly #memory: Memory;
  /** What of it is this connection's. */
  #held = 0;
  readonly #pending = new Map<bigint, Pending>();
  /** Waiting for the connection, or for credits; those of a chain together. */
  #waiting: Pending[][] = [];
  #connected = false;
  #ended: Failure | undefined;
  /** Since when an answer is waited for, without a byte from the server. */
  #silentSince = Number.POSITIVE_INFINITY;
  #nextId = 0n;
  #credits = 1;
  /** All messages of the set-up, until there are keys. */
  readonly preauthentication = new Preauthentication();
  #signer: Signer | undefined;
  #sealer: Sealer | undefined;
  #seals = false;
  /** Set as the session comes about. */
  session = 0n;
  tree = 0;
  charges = false;
  /** Of a target that is a name, once it is connected. */
  address: string | undefined;
  /** Called once, when nothing can be asked any more. */
  onEnd = () => {};

  constructor(host: string, port: number, memory: Memory) {
    this.#memory = memory;
    const socket = connect({ host, port, lookup: this.#lookup.find, noDelay: true });
    this.#socket = socket;
    socket.on('connect', () => {
      this.#connected = true;
      if (isIP(host) === 0) this.address = socket.remoteAddress;
      this.#send();
    });
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    // A request on its way when the other side goes is cut off, however politely it goes.
    socket.on('end', () => this.#end({ error: this.#isIdle ? 'closed' : 'reset' }));
    socket.on('error', (error) => this.#end(classify(error)));
    socket.on('close', () => this.#end({ error: this.#isIdle ? 'closed' : 'reset' }));
  }

  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  get #isIdle(): boolean {
    return this.#pending.size === 0 && this.#waiting.length === 0;
  }

  /** For so many ms an answer is waited for and nothing has come; 0 when none is waited for. */
  get silence(): number {
    return Math.max(0, performance.now() - this.#silentSince);
  }

  /** What a timeout at this moment means. */
  get timeout(): Failure {
    return this.#lookup.timeout;
  }

  /** Signs from now on, and takes only answers that are signed; seals what `sealAll` says. */
  secure(signer: Signer, sealer: Sealer | undefined): void {
    this.#signer = signer;
    this.#sealer = sealer;
    this.#reader.limit = limits.frame;
  }

  /** Encrypts from now on. */
  sealAll(): void {
    this.#seals = true;
  }

  get seals(): boolean {
    return this.#seals;
  }

  /** As `chain`, of one request. */
  async request(step: Step, request: Request, owner: Owner, accepted: readonly number[] = []): Promise<Answer> {
    const [answer] = await this.chain([{ step, request, accepted }], owner);
    return answer!;
  }

  /**
   * Requests that go together, each about the file that the first one opens. Resolves with their answers when all are good: `status.ok`, or
   * one of those in `accepted`. Rejects with the SmbError of the first that is not. Never settles when its owner is over first.
   */
  async chain(links: readonly Link[], owner: Owner): Promise<Answer[]> {
    if (this.#ended) throw new SmbError(links[0]!.step, this.#ended);
    const batch: Pending[] = [];
    const answers = links.map(
      ({ step, request, accepted = [] }) =>
        new Promise<Answer | SmbError>((resolve) => {
          const settle = (answer: Answer) => {
            if (answer.status === status.ok || accepted.includes(answer.status)) return resolve(answer);
            const beforeTree = step === 'session setup' || step === 'tree connect' || step === 'negotiate';
            return resolve(new SmbError(step, { error: errorOf(answer.status, { beforeTree }) }, answer.status));
          };
          batch.push({ step, request, owner, interim: 0, resolve: settle, reject: resolve });
        }),
    );
    this.#waiting.push(batch);
    this.#send();
    const all = await Promise.all(answers);
    const failed = all.find((each) => each instanceof SmbError);
    if (failed) throw failed;
    return all as Answer[];
  }

  /** Whatever is on its way is lost. */
  close(): void {
    this.#end({ error: 'closed' });
  }

  #send(): void {
    if (!this.#connected || this.#ended) return;
    this.#waiting = this.#waiting.filter(([first]) => !first!.owner.isOver);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting[0]!;
      const charges = batch.map(({ request }) => (this.charges ? request.charge : 1));
      if (charges.reduce((sum, charge) => sum + charge) > this.#credits) {
        // Answers bring credits; where none is to come, none will.
        if (this.#pending.size > 0) break;
        const detail = `the server allows ${this.#credits} requests at once, and ${batch.length} go together`;
        this.#end({ error: 'protocol', detail });
        return;
      }
      this.#waiting.shift();
      if (this.#pending.size === 0) this.#silentSince = performance.now();
      const messages = batch.map((pending, i) => this.#message(pending, charges[i]!));
      this.#socket.write(framed(this.#secured(messages.length === 1 ? messages : chained(messages))));
    }
  }

  #message(pending: Pending, charge: number): Buffer {
    const { session, tree, charges } = this;
    const id = this.#nextId;
    this.#nextId += BigInt(charge);
    this.#credits -= charge;
    this.#pending.set(id, pending);
    pending.owner.hasAsked = true;
    const credits = Math.max(charge, CREDITS - this.#credits);
    return message(pending.request, { id, session, tree, charges, credits });
  }

  #secured(messages: Buffer[]): Buffer {
    if (!this.#signer) for (const bytes of messages) this.preauthentication.add(bytes);
    if (this.#sealer && this.#seals) return this.#sealer.seal(Buffer.concat(messages));
    for (const bytes of messages) this.#signer?.sign(bytes);
    return messages.length === 1 ? messages[0]! : Buffer.concat(messages);
  }

  #read(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      this.#reader.push(bytes, (one) => this.#take(one));
      this.#hold(this.#reader.held);
      if (this.#memory.held > limits.underWay) throw new SmbProtocolError('answers under way are too long');
    } catch (error) {
      if (!(error instanceof SmbProtocolError)) throw error;
      this.#end({ error: 'protocol', detail: error.message });
    }
    this.#silentSince = this.#pending.size === 0 ? Number.POSITIVE_INFINITY : performance.now();
    this.#send();
  }

  #take(bytes: Buffer): void {
    if (this.#ended) return;
    const sealed = isSealed(bytes);
    if (sealed && !this.#sealer) throw new SmbProtocolError('an encrypted message before there were keys');
    for (const answer of parseAnswers(sealed ? this.#sealer!.open(bytes) : bytes)) this.#answered(answer, sealed);
  }

  #answered(answer: Answer, sealed: boolean): void {
    const pending = this.#pending.get(answer.id);
    if (!pending || pending.request.command !== answer.command) {
      throw new SmbProtocolError('an answer to nothing that was asked');
    }
    const isInterim = answer.status === status.pending && answer.isAsync;
    if (!sealed) this.#checkSigned(answer, isInterim);
    this.#credits = Math.min(this.#credits + answer.credits, 8 * CREDITS);
    if (isInterim) {
      if (++pending.interim > limits.interim) throw new SmbProtocolError('an answer that is always still to come');
      return;
    }
    this.#pending.delete(answer.id);
    if (!pending.owner.isOver) pending.resolve(answer);
  }

  #checkSigned(answer: Answer, isInterim: boolean): void {
    if (!this.#signer) {
      const isSetUp = answer.command === command.negotiate || answer.status === status.moreProcessing;
      if (isSetUp) this.preauthentication.add(answer.bytes);
      return;
    }
    if (isInterim) return;
    // A server that no longer knows the session has no key to sign that with.
    if (!answer.isSigned && answer.status !== status.ok && endsSession(answer.status)) return;
    if (this.#seals) throw new SmbProtocolError('an answer that is not encrypted');
    if (!answer.isSigned || !this.#signer.isRight(answer.bytes)) {
      throw new SmbProtocolError('an answer that the server did not sign');
    }
  }

  #end(failure: Failure): void {
    if (this.#ended) return;
    this.#ended = failure;
    const lost = [...this.#pending.values(), ...this.#waiting.flat()];
    this.#pending.clear();
    this.#waiting = [];
    this.#hold(0);
    this.#socket.destroy();
    for (const { step, owner, reject } of lost) {
      if (!owner.isOver) reject(new SmbError(this.#connected ? step : 'connect', failure));
    }
    this.onEnd();
  }

  #hold(bytes: number): void {
    this.#memory.held += bytes - this.#held;
    this.#held = bytes;
  }
}
