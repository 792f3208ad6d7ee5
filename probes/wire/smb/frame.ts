import { Gathered } from '../gathered.ts';
import { SmbProtocolError } from './errors.ts';

/** What a server may send; docs/measurement.md names these. Whatever is beyond is refused, so that none can exhaust the prober. */
export const limits = {
  /** One message while the session is set up: tokens of the authentication, and no file's content. */
  setup: 64 * 1024,
  /** One message afterwards: the largest piece that is read, and what stands around it. */
  frame: 256 * 1024 + 1024,
  /** All of a stream's messages that have begun to come, together. */
  underWay: 32 * 1024 * 1024,
  /** How often a server may say that the answer to a request is still to come. */
  interim: 8,
};

const PREFIX = 4;

/** A message as it goes over TCP: after its length in three bytes (MS-SMB2, 2.1). */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** Takes messages out of the bytes as they arrive. */
export class FrameReader {
  /** Longest message that is taken. */
  limit: number = limits.setup;
  #rest: Gathered | undefined;

  /** Bytes that it holds. */
  get held(): number {
    return this.#rest?.length ?? 0;
  }

  /**
   * Calls `take` with each message that is complete, in order. Nothing writes into its bytes afterwards. Throws SmbProtocolError;
   * the connection is of no use then.
   */
  push(bytes: Buffer, take: (message: Buffer) => void): void {
    let input = bytes;
    if (this.#rest) {
      this.#rest.add(bytes, 0, bytes.length);
      input = this.#rest.view;
    }
    let at = 0;
    while (input.length - at >= PREFIX) {
      const length = this.#lengthAt(input, at);
      if (input.length - at - PREFIX < length) break;
      take(input.subarray(at + PREFIX, at + PREFIX + length));
      at += PREFIX + length;
    }
    if (at === input.length) {
      this.#rest = undefined;
    } else if (!this.#rest || at > 0) {
      // A copy: a few bytes would keep the whole buffer of the socket.
      this.#rest = new Gathered();
      this.#rest.add(input, at, input.length);
    }
  }

  #lengthAt(input: Buffer, at: number): number {
    const prefix = input.readUInt32BE(at);
    if (prefix > 0xffffff) throw new SmbProtocolError('no SMB over TCP');
    if (prefix > this.limit) throw new SmbProtocolError('message too long');
    return prefix;
  }
}
