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
}

export class ProtocolError extends Error {}

const HEAD_LIMIT = 64 * 1024;
const BODY_LIMIT = 8 * 1024 * 1024;
const LINE_LIMIT = 4096;
const PREFIX = 'HTTP/1.';
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[\t ]*$/;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

type State = 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer' | 'until close' | 'done';

export class ResponseParser {
  #state: State = 'head';
  /** Bytes of a head or line that is not complete yet. */
  #rest: Buffer | undefined;
  readonly #body: Buffer[] = [];
  #bodyLength = 0;
  /** Bytes still missing from a body of known length, or from a chunk. */
  #left = 0;
  #trailerLength = 0;
  #status = 0;
  #reusable = false;

  /** 0 until the head is there. */
  get status(): number {
    return this.#status;
  }

  /** Returns the response once it is complete. Throws ProtocolError; the connection is of no use then. */
  push(bytes: Buffer): HttpResponse | undefined {
    let input = bytes;
    if (this.#rest) {
      input = Buffer.concat([this.#rest, bytes]);
      this.#rest = undefined;
    }
    while (this.#state !== 'done' && input.length > 0) {
      const used = this.#step(input);
      if (used === 0) {
        // The piece belongs to a buffer that is kept for long only if it is small: heads and lines are.
        this.#rest = input;
        return undefined;
      }
      input = input.subarray(used);
    }
    if (this.#state !== 'done') return undefined;
    // Bytes that nobody asked for: the answer stands, the connection cannot be trusted.
    return this.#response(this.#reusable && input.length === 0);
  }

  /** The peer has closed. Returns the response when that is what completes it. */
  end(): HttpResponse | undefined {
    if (this.#state !== 'until close') return undefined;
    this.#state = 'done';
    return this.#response(false);
  }

  #response(reusable: boolean): HttpResponse {
    const body = this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
    return { status: this.#status, body, reusable };
  }

  /** Takes one piece from the input and returns its length; 0 when it is not complete. */
  #step(input: Buffer): number {
    switch (this.#state) {
      case 'head': {
        const end = input.indexOf(HEAD_END);
        if ((end < 0 ? input.length : end) > HEAD_LIMIT) throw new ProtocolError('head too long');
        // Another protocol's greeting would be waited on until the timeout.
        const start = input.toString('latin1', 0, PREFIX.length);
        if (!PREFIX.startsWith(start)) throw new ProtocolError('no HTTP/1');
        if (end < 0) return 0;
        this.#head(input.toString('latin1', 0, end));
        return end + HEAD_END.length;
      }
      case 'length':
      case 'chunk': {
        const piece = input.subarray(0, this.#left);
        this.#take(piece);
        this.#left -= piece.length;
        if (this.#left === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk end';
        return piece.length;
      }
      case 'until close':
        this.#take(input);
        return input.length;
      default:
        return this.#line(input);
    }
  }

  #line(input: Buffer): number {
    const end = input.indexOf('\r\n');
    if ((end < 0 ? input.length : end) > LINE_LIMIT) throw new ProtocolError('line too long');
    if (end < 0) return 0;
    const line = input.toString('latin1', 0, end);
    if (this.#state === 'chunk end') {
      if (line !== '') throw new ProtocolError('chunk longer than its size');
      this.#state = 'chunk size';
    } else if (this.#state === 'chunk size') {
      const size = CHUNK_SIZE.exec(line)?.[1];
      if (size === undefined) throw new ProtocolError('bad chunk size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    } else {
      this.#trailerLength += line.length;
      if (this.#trailerLength > HEAD_LIMIT) throw new ProtocolError('trailer too long');
      if (line === '') this.#state = 'done';
      else if (!FIELD.test(line)) throw new ProtocolError('bad trailer');
    }
    return end + 2;
  }

  #take(piece: Buffer): void {
    this.#bodyLength += piece.length;
    if (this.#bodyLength > BODY_LIMIT) throw new ProtocolError('body too long');
    this.#body.push(piece);
  }

  #head(text: string): void {
    const lines = text.split('\r\n');
    const match = STATUS_LINE.exec(lines[0]!);
    if (!match) throw new ProtocolError('bad status line');
    const status = Number(match[2]);
    let length: string | undefined;
    let encoding: string | undefined;
    let connection = '';
    for (let i = 1; i < lines.length; i++) {
      const field = FIELD.exec(lines[i]!);
      if (!field) throw new ProtocolError('bad header line');
      const value = field[2]!;
      switch (field[1]!.toLowerCase()) {
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
      }
    }
    if (status === 101) throw new ProtocolError('switched protocols unasked');
    // 100 Continue, 103 Early Hints: the answer is still to come.
    if (status < 200) return;
    if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
      throw new ProtocolError('unknown transfer encoding');
    if (encoding !== undefined && length !== undefined) throw new ProtocolError('both a length and chunks');
    const tokens = connection.split(',').map((token) => token.trim());
    this.#status = status;
    this.#reusable = match[1] === '1' ? !tokens.includes('close') : tokens.includes('keep-alive');
    if (status === 204 || status === 304) this.#state = 'done';
    else if (encoding !== undefined) this.#state = 'chunk size';
    else if (length !== undefined) {
      this.#left = Number(length);
      this.#state = this.#left === 0 ? 'done' : 'length';
    } else {
      this.#reusable = false;
      this.#state = 'until close';
    }
  }
}
