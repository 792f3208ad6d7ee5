import { Gathered } from './gathered.ts';

/**
 * One HTTP/1.1 response, as bytes arrive (RFC 9112). Strict: what a careful client would refuse is refused, because a
 * half-broken answer must not pass as a good one. Own code because Node's client costs twice as much a probe (measured:
 * `npm run bench:prober`), and the parser inside it is not for others' use.
 */
export interface HttpResponse {
  status: number;
  body: Buffer;
  /** The connection may carry another request. */
  reusable: boolean;
  /** For how many ms the server keeps an idle connection (`Keep-Alive: timeout`), when it says so. */
  keptFor?: number;
  /** Where a redirect leads (`Location`). */
  location?: string;
}

export class ProtocolError extends Error {}

/**
 * What one answer may bring; docs/measurement.md names these. Whatever is beyond is refused, so that no target can exhaust
 * the prober or keep it from its other streams.
 */
export const limits = {
  /** All its heads together, interim answers' included; and the trailer. */
  head: 64 * 1024,
  /** How many lines they have; and how many interim answers come before the answer. */
  fields: 500,
  interim: 32,
  body: 8 * 1024 * 1024,
  /** All of a stream's bodies that are under way together. */
  underWay: 32 * 1024 * 1024,
  /** In how many chunks it comes: each costs time, and 8 MiB of them one byte long kept other streams waiting for 100 ms. */
  chunks: 64 * 1024,
  /** All that its chunk lines say beside their sizes, together. */
  extensions: 16 * 1024,
  /** One chunk line, or line of the trailer. */
  line: 4096,
};

const PREFIX = 'HTTP/1.';
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What may stand behind a chunk's size. */
const EXTENSION = /^[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const MOST_SIZE_DIGITS = 8;
const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);

type State = 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer' | 'until close' | 'done';

export class ResponseParser {
  #state: State = 'head';
  /** The beginning of a head or line that is not complete yet. */
  #rest: Gathered | undefined;
  /** How much of it was searched in vain for its end. */
  #searched = 0;
  #body: Gathered | undefined;
  /** Bytes still missing from a body of known length, or from a chunk. */
  #left = 0;
  #headLength = 0;
  #fields = 0;
  #interim = 0;
  #trailerLength = 0;
  #chunks = 0;
  #extensionLength = 0;
  #status = 0;
  #reusable = false;
  #keptFor: number | undefined;
  #location: string | undefined;

  /** 0 until the head is there. */
  get status(): number {
    return this.#status;
  }

  /** Bytes that it holds. */
  get held(): number {
    return (this.#rest?.length ?? 0) + (this.#body?.length ?? 0);
  }

  /** Returns the response once it is complete, and holds on to none of `bytes`. Throws ProtocolError; the connection is of no use then. */
  push(bytes: Buffer): HttpResponse | undefined {
    let input = bytes;
    if (this.#rest) {
      this.#rest.add(bytes, 0, bytes.length);
      input = this.#rest.view;
    }
    let at = 0;
    while (this.#state !== 'done' && at < input.length) {
      // A usual answer comes in one piece, and is copied once: its bytes are good only until `push` returns.
      if (this.#state === 'length' && !this.#body && input.length - at >= this.#left) {
        const end = at + this.#left;
        this.#state = 'done';
        return this.#response(Buffer.from(input.subarray(at, end)), this.#reusable && end === input.length);
      }
      const used = this.#step(input, at);
      if (used === 0) {
        this.#keep(input, at);
        return undefined;
      }
      at += used;
      this.#searched = 0;
    }
    this.#rest = undefined;
    if (this.#state !== 'done') return undefined;
    // Bytes that nobody asked for: the answer stands, the connection cannot be trusted.
    return this.#response(this.#body?.view ?? NOTHING, this.#reusable && at === input.length);
  }

  /** The peer has closed. Returns the response when that is what completes it. */
  end(): HttpResponse | undefined {
    if (this.#state !== 'until close') return undefined;
    this.#state = 'done';
    return this.#response(this.#body?.view ?? NOTHING, false);
  }

  #response(body: Buffer, reusable: boolean): HttpResponse {
    return { status: this.#status, body, reusable, keptFor: this.#keptFor, location: this.#location };
  }

  /** Keeps the beginning of what is not complete. A copy: a few bytes would keep the whole buffer of the socket. */
  #keep(input: Buffer, at: number): void {
    if (this.#rest && at === 0) return;
    this.#rest = new Gathered();
    this.#rest.add(input, at, input.length);
  }

  /** Takes one piece from the input and returns its length; 0 when it is not complete. */
  #step(input: Buffer, at: number): number {
    switch (this.#state) {
      case 'head': {
        const end = this.#find(HEAD_END, input, at);
        const length = (end < 0 ? input.length : end) - at;
        if (this.#headLength + length > limits.head) throw new ProtocolError('head too long');
        // Another protocol's greeting would be waited on until the timeout.
        const start = input.toString('latin1', at, at + Math.min(length, PREFIX.length));
        if (!PREFIX.startsWith(start)) throw new ProtocolError('no HTTP/1');
        if (end < 0) return 0;
        this.#headLength += length + HEAD_END.length;
        this.#head(input.toString('latin1', at, end));
        return length + HEAD_END.length;
      }
      case 'length':
      case 'chunk': {
        const length = Math.min(this.#left, input.length - at);
        this.#take(input, at, at + length);
        this.#left -= length;
        if (this.#left === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk end';
        return length;
      }
      case 'until close':
        this.#take(input, at, input.length);
        return input.length - at;
      case 'chunk end':
        if (input[at] !== CR || (at + 1 < input.length && input[at + 1] !== LF)) {
          throw new ProtocolError('chunk longer than its size');
        }
        if (at + 1 === input.length) return 0;
        this.#state = 'chunk size';
        return LINE_END.length;
      case 'chunk size':
        return this.#chunkSize(input, at);
      default:
        return this.#trailer(input, at);
    }
  }

  /** Where `end` begins, from `at` on; what was searched before is not searched again. */
  #find(end: Buffer, input: Buffer, at: number): number {
    const found = input.indexOf(end, at + this.#searched);
    // The last few bytes may be the beginning of the end.
    if (found < 0) this.#searched = Math.max(0, input.length - at - end.length + 1);
    return found;
  }

  /** Byte by byte, and no text unless there is more than the size: there may be as many chunks as bytes. */
  #chunkSize(input: Buffer, at: number): number {
    let size = 0;
    let digits = 0;
    for (let digit = 0; ; digits++) {
      digit = hexDigit(input[at + digits]);
      if (digit < 0) break;
      if (digits === MOST_SIZE_DIGITS) throw new ProtocolError('bad chunk size');
      size = size * 16 + digit;
    }
    if (digits === 0) throw new ProtocolError('bad chunk size');
    const after = at + digits;
    if (input[after] === CR && input[after + 1] === LF) {
      this.#chunk(size);
      return digits + LINE_END.length;
    }
    const end = this.#find(LINE_END, input, at);
    const extension = (end < 0 ? input.length : end) - after;
    if (digits + extension > limits.line) throw new ProtocolError('line too long');
    if (this.#extensionLength + extension > limits.extensions) throw new ProtocolError('chunk extensions too long');
    if (end < 0) return 0;
    if (!EXTENSION.test(input.toString('latin1', after, end))) throw new ProtocolError('bad chunk size');
    this.#extensionLength += extension;
    this.#chunk(size);
    return end + LINE_END.length - at;
  }

  #chunk(size: number): void {
    if ((this.#body?.length ?? 0) + size > limits.body) throw new ProtocolError('body too long');
    if (++this.#chunks > limits.chunks) throw new ProtocolError('too many chunks');
    this.#left = size;
    this.#state = size === 0 ? 'trailer' : 'chunk';
  }

  #trailer(input: Buffer, at: number): number {
    const end = this.#find(LINE_END, input, at);
    const length = (end < 0 ? input.length : end) - at;
    if (length > limits.line) throw new ProtocolError('line too long');
    if (this.#trailerLength + length > limits.head) throw new ProtocolError('trailer too long');
    if (end < 0) return 0;
    this.#trailerLength += length + LINE_END.length;
    if (length === 0) this.#state = 'done';
    else this.#field(input.toString('latin1', at, end));
    return length + LINE_END.length;
  }

  #take(input: Buffer, from: number, to: number): void {
    this.#body ??= new Gathered();
    if (this.#body.length + to - from > limits.body) throw new ProtocolError('body too long');
    this.#body.add(input, from, to);
  }

  #head(text: string): void {
    const lines = text.split('\r\n');
    const match = STATUS_LINE.exec(lines[0]!);
    if (!match) throw new ProtocolError('bad status line');
    const status = Number(match[2]);
    let length: string | undefined;
    let encoding: string | undefined;
    let connection = '';
    let keepAlive = '';
    let location: string | undefined;
    for (let i = 1; i < lines.length; i++) {
      const [name, value] = this.#field(lines[i]!);
      switch (name) {
        case 'content-length':
          // The same length twice is harmless (RFC 9110, 8.6); two lengths are an attack or a bug.
          if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== value)) {
            throw new ProtocolError('bad content length');
          }
          length = value;
          break;
        case 'transfer-encoding':
          encoding = encoding === undefined ? value : `${encoding}, ${value}`;
          break;
        case 'connection':
          connection += `,${value.toLowerCase()}`;
          break;
        case 'keep-alive':
          keepAlive += `,${value.toLowerCase()}`;
          break;
        case 'location':
          location = value;
          break;
      }
    }
    if (status === 101) throw new ProtocolError('switched protocols unasked');
    // 100 Continue, 103 Early Hints: the answer is still to come.
    if (status < 200) {
      if (++this.#interim > limits.interim) throw new ProtocolError('too many interim answers');
      return;
    }
    if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
      throw new ProtocolError('unknown transfer encoding');
    if (encoding !== undefined && length !== undefined) throw new ProtocolError('both a length and chunks');
    const tokens = connection.split(',').map((token) => token.trim());
    this.#status = status;
    this.#reusable = match[1] === '1' ? !tokens.includes('close') : tokens.includes('keep-alive');
    this.#location = location;
    if (keepAlive !== '') this.#keptFor = keptFor(keepAlive);
    if (status === 204 || status === 304) this.#state = 'done';
    else if (encoding !== undefined) this.#state = 'chunk size';
    else if (length !== undefined) {
      this.#left = Number(length);
      if (this.#left > limits.body) throw new ProtocolError('body too long');
      this.#state = this.#left === 0 ? 'done' : 'length';
    } else {
      this.#reusable = false;
      this.#state = 'until close';
    }
  }

  /**
   * A line of a head or trailer, its name in small letters. One pass for each pattern: with spaces on both sides in one
   * pattern, a hostile line of 60 KB took 18 s.
   */
  #field(line: string): [name: string, value: string] {
    if (++this.#fields > limits.fields) throw new ProtocolError('too many header lines');
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (colon < 0 || !NAME.test(name) || !VALUE.test(value)) throw new ProtocolError('bad header line');
    return [name.toLowerCase(), trimmed(value)];
  }
}

/** Without the spaces and tabs around it. (`trim` takes more than HTTP calls a space.) */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text, from)) from++;
  while (to > from && isBlank(text, to - 1)) to--;
  return text.slice(from, to);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

/** The `timeout` of a Keep-Alive line in ms: the shortest, where there are several. */
function keptFor(keepAlive: string): number | undefined {
  const seconds = keepAlive.split(',').flatMap((part) => /^timeout=(\d{1,6})$/.exec(part.trim())?.[1] ?? []);
  return seconds.length === 0 ? undefined : 1000 * Math.min(...seconds.map(Number));
}

/** -1 for what is none. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
