import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SmbProtocolError } from './errors.ts';
import type { SessionKeys } from './keys.ts';

/** By the numbers that negotiation has for them (MS-SMB2, 2.2.3.1.2). */
export const ciphers = { 1: 'aes-128-ccm', 2: 'aes-128-gcm' } as const;
export type Cipher = (typeof ciphers)[keyof typeof ciphers];

const PROTOCOL = 0xfd534d42;
/** The transform header (MS-SMB2, 2.2.41); what stands behind the signature is authenticated with the message. */
const HEAD = 52;
const AUTHENTICATED_AT = 20;
const TAG = 16;
const NONCE = { 'aes-128-ccm': 11, 'aes-128-gcm': 12 } as const;

export const isSealed = (bytes: Buffer) => bytes.length >= 4 && bytes.readUInt32BE(0) === PROTOCOL;

/** Encrypts whole messages of one session, and decrypts its answers. */
export class Sealer {
  readonly cipher: Cipher;
  readonly #keys: NonNullable<SessionKeys['sealing']>;
  readonly #session: bigint;
  /** No nonce may come twice: random at its end, counted at its beginning. */
  readonly #random = randomBytes(4);
  #count = 0n;

  constructor(cipher: Cipher, keys: NonNullable<SessionKeys['sealing']>, session: bigint) {
    this.cipher = cipher;
    this.#keys = keys;
    this.#session = session;
  }

  seal(message: Buffer): Buffer {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(PROTOCOL, 0);
    const nonceLength = NONCE[this.cipher];
    head.writeBigUInt64LE(++this.#count, AUTHENTICATED_AT);
    this.#random.copy(head, AUTHENTICATED_AT + 8, 0, nonceLength - 8);
    head.writeUInt32LE(message.length, 36);
    head.writeUInt16LE(1, 42);
    head.writeBigUInt64LE(this.#session, 44);
    const nonce = head.subarray(AUTHENTICATED_AT, AUTHENTICATED_AT + nonceLength);
    // Its type depends on the cipher's name being one alone.
    const cipher =
      this.cipher === 'aes-128-ccm'
        ? createCipheriv(this.cipher, this.#keys.ours, nonce, { authTagLength: TAG })
        : createCipheriv(this.cipher, this.#keys.ours, nonce, { authTagLength: TAG });
    cipher.setAAD(head.subarray(AUTHENTICATED_AT), { plaintextLength: message.length });
    const sealed = [cipher.update(message), cipher.final()];
    cipher.getAuthTag().copy(head, 4);
    return Buffer.concat([head, ...sealed]);
  }

  /** Throws SmbProtocolError for what is not this session's, or was changed on its way. */
  open(bytes: Buffer): Buffer {
    if (bytes.length < HEAD || bytes.readBigUInt64LE(44) !== this.#session) {
      throw new SmbProtocolError('an encrypted message of another session');
    }
    const sealed = bytes.subarray(HEAD);
    const nonce = bytes.subarray(AUTHENTICATED_AT, AUTHENTICATED_AT + NONCE[this.cipher]);
    const decipher =
      this.cipher === 'aes-128-ccm'
        ? createDecipheriv(this.cipher, this.#keys.theirs, nonce, { authTagLength: TAG })
        : createDecipheriv(this.cipher, this.#keys.theirs, nonce, { authTagLength: TAG });
    decipher.setAuthTag(bytes.subarray(4, 4 + TAG));
    decipher.setAAD(bytes.subarray(AUTHENTICATED_AT, HEAD), { plaintextLength: sealed.length });
    try {
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    } catch {
      throw new SmbProtocolError('an encrypted message that was not encrypted by the server');
    }
  }
}
