/**
 * What somebody else says, read up to a limit: however much comes, and in whatever pieces, what is held is bounded. It stands
 * here because platforms and every other room that runs programs read what they did not write.
 */
import type { ClientRequest } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { mask } from '../output/secrets.ts';
import { OperatorError } from '../units/operator-error.ts';

const MIB = 2 ** 20;

export interface Limit {
  bytes: number;
  /**
   * Values of JSON, counted by their commas and opening brackets: `{},` is 3 bytes to send and 56 to hold. A carriage return
   * counts as four: a chunk of one byte is 6 bytes to send, with two of them, and hundreds to hold for whoever keeps it as it comes.
   */
  values: number;
}

/** Of one answer. The longest that is asked for is a list of nodes: 4,000 of them, of 20 KB each. */
const ANSWER: Limit = { bytes: 80 * MIB, values: 4_000_000 };
/** Of one event of a stream. What is stored in a control plane has at most 1.5 MiB. */
const LINE = 4 * MIB;
/** Of what a command prints that is run in a member or on a node. */
export const OUTPUT = 16 * MIB;
/** Of the body of a refusal, and of what is told of it. */
const REFUSAL = 64 * 1024;
const WORDS = 2_000;
/** Answers that come before the answer (1xx). A server that works long sends one in some seconds. */
const INTERIM = 100;
const LONGEST_SECRET = 16 * 1024;

/** More was said than is read. */
export class TooLong extends OperatorError {
  constructor(what: string, said: string) {
    super(`${what}: ${said}, which is more than any should have`, {
      hint: 'does the address lead to what it should, and not to something that answers without end?',
    });
    this.name = 'TooLong';
  }
}

export function size(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / 1024} KiB`;
}

const [COMMA, BRACKET, BRACE, RETURN, NEWLINE] = [0x2c, 0x5b, 0x7b, 0x0d, 0x0a];

/** Counts what comes. `add` throws TooLong once it is more than the limit. */
export class Tally {
  readonly #what: string;
  readonly #limit: Limit;
  #bytes = 0;
  #values = 0;

  /** @param what is read, for the error: its endpoint */
  constructor(what: string, limit: Limit = ANSWER) {
    this.#what = what;
    this.#limit = limit;
  }

  add(chunk: Uint8Array): void {
    const { bytes, values } = this.#limit;
    this.#bytes += chunk.length;
    if (this.#bytes > bytes) throw new TooLong(this.#what, `the answer is longer than ${size(bytes)}`);
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === COMMA || byte === BRACKET || byte === BRACE) this.#values += 1;
      else if (byte === RETURN) this.#values += 4;
    }
    if (this.#values > values) throw new TooLong(this.#what, `the answer has more than ${values} values`);
  }
}

const BLOCK = 64 * 1024;

/**
 * Text that comes in pieces. They are put together in blocks: a piece of one byte, kept as it comes, would keep the 64 KiB alive that
 * were read with it.
 */
export class Pieces {
  #blocks: Buffer[] = [];
  #room = 0;
  bytes = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (this.#room === 0) {
        this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK));
        this.#room = BLOCK;
      }
      const copied = chunk.copy(this.#blocks.at(-1)!, BLOCK - this.#room, at);
      at += copied;
      this.#room -= copied;
    }
  }

  text(): string {
    const decoder = new StringDecoder('utf8');
    let text = '';
    for (const [index, block] of this.#blocks.entries()) {
      const isLast = index === this.#blocks.length - 1;
      text += decoder.write(isLast ? block.subarray(0, BLOCK - this.#room) : block);
    }
    return text + decoder.end();
  }
}

/** All that a stream says. Throws TooLong. */
export async function readText(stream: AsyncIterable<Buffer>, what: string, limit: Limit = ANSWER): Promise<string> {
  const tally = new Tally(what, limit);
  const pieces = new Pieces();
  for await (const chunk of stream) {
    tally.add(chunk);
    pieces.add(chunk);
  }
  return pieces.text();
}

/** The beginning of what a stream says, up to `bytes`; what comes after is left unread. */
export async function readBeginning(stream: AsyncIterable<Buffer>, bytes: number = REFUSAL): Promise<string> {
  const pieces = new Pieces();
  for await (const chunk of stream) {
    pieces.add(chunk.subarray(0, bytes - pieces.bytes));
    if (pieces.bytes === bytes) break;
  }
  return pieces.text();
}

/** The lines of a stream, without empty ones; one without an end is not told. Throws TooLong at a line longer than `longest` bytes. */
export async function* readLines(stream: AsyncIterable<Buffer>, what: string, longest = LINE): AsyncGenerator<string> {
  let begun: Pieces | undefined;
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(NEWLINE, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      from += piece.length + 1;
      if ((begun?.bytes ?? 0) + piece.length > longest) {
        throw new TooLong(what, `one line is longer than ${size(longest)}`);
      }
      if (end === -1) begun ??= new Pieces();
      begun?.add(piece);
      if (end === -1) continue;
      const line = begun?.text() ?? piece.toString('utf8');
      begun = undefined;
      if (line.trim() !== '') yield line;
    }
  }
}

/** Ends a request that is answered with more than 100 interim answers (1xx): each is kept until memory is short. */
export function limitInterim(request: ClientRequest, what: string): void {
  let interim = 0;
  request.on('information', () => {
    if (++interim > INTERIM) request.destroy(new TooLong(what, `more than ${INTERIM} interim answers`));
  });
}

/** Words of somebody else for an error message: their beginning. */
export function clip(said: string, length = WORDS): string {
  // Masked before it is cut, so that no secret is cut in two; and not all of it, which may be a page without end.
  const text = mask(said.slice(0, length + LONGEST_SECRET));
  return said.length <= length ? text : `${text.slice(0, length)} … (${said.length} characters)`;
}
