/** Dialects, and the keys of a session (MS-SMB2, 3.1.4.2 and 3.2.5.3.1). */
import { createHash, createHmac } from 'node:crypto';

export const dialects = { '2.0.2': 0x202, '2.1': 0x210, '3.0': 0x300, '3.0.2': 0x302, '3.1.1': 0x311 } as const;
export type Dialect = keyof typeof dialects;

/** `3.1.1`; undefined for one that was not offered. */
export function dialectOf(code: number): Dialect | undefined {
  return (Object.keys(dialects) as Dialect[]).find((name) => dialects[name] === code);
}

export const isSmb3 = (dialect: Dialect) => dialects[dialect] >= dialects['3.0'];

const KEY_BITS = 128;

/** NIST SP 800-108, counter mode, HMAC-SHA256, 128 bits. The label's closing zero is a part of it. */
export function derivedKey(key: Buffer, label: string, context: Buffer): Buffer {
  const input = [uint32(1), Buffer.from(`${label}\0`, 'latin1'), Buffer.from([0]), context, uint32(KEY_BITS)];
  return createHmac('sha256', key)
    .update(Buffer.concat(input))
    .digest()
    .subarray(0, KEY_BITS / 8);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** SHA-512 over all messages of a set-up: what 3.1.1 binds its keys to, so that nobody can change them on the way. */
export class Preauthentication {
  #hash: Buffer = Buffer.alloc(64);

  add(message: Buffer): void {
    this.#hash = createHash('sha512').update(this.#hash).update(message).digest();
  }

  get hash(): Buffer {
    return this.#hash;
  }
}

export interface SessionKeys {
  signing: Buffer;
  /** From us to the server, and back; undefined before 3.0. */
  sealing: { ours: Buffer; theirs: Buffer } | undefined;
}

const text = (context: string) => Buffer.from(`${context}\0`, 'latin1');

export function sessionKeys(dialect: Dialect, sessionKey: Buffer, { hash }: Preauthentication): SessionKeys {
  const key = sessionKey.subarray(0, KEY_BITS / 8);
  if (dialect === '3.1.1') {
    return {
      signing: derivedKey(key, 'SMBSigningKey', hash),
      sealing: { ours: derivedKey(key, 'SMBC2SCipherKey', hash), theirs: derivedKey(key, 'SMBS2CCipherKey', hash) },
    };
  }
  if (!isSmb3(dialect)) return { signing: key, sealing: undefined };
  return {
    signing: derivedKey(key, 'SMB2AESCMAC', text('SmbSign')),
    sealing: {
      ours: derivedKey(key, 'SMB2AESCCM', text('ServerIn ')),
      theirs: derivedKey(key, 'SMB2AESCCM', text('ServerOut')),
    },
  };
}
