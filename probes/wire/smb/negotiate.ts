/** Which dialect is spoken, and with which ciphers (MS-SMB2, 2.2.3 and 2.2.4). */
import { randomBytes } from 'node:crypto';
import { type Cipher, ciphers } from './encryption.ts';
import { SmbProtocolError } from './errors.ts';
import { type Dialect, dialectOf, dialects, isSmb3 } from './keys.ts';
import { type Answer, bodyOf, command, HEAD, partOf, type Request } from './message.ts';

const SIGNING = { enabled: 1, required: 2 } as const;
const LARGE_REQUESTS = 0x04;
const ENCRYPTION = 0x40;
const context = { preauthentication: 1, encryption: 2 } as const;
const SHA_512 = 1;
const SALT = 32;
const MOST_CONTEXTS = 16;

const aligned = (length: number) => Math.ceil(length / 8) * 8;

function contextOf(type: number, values: number[], more = Buffer.alloc(0)): Buffer {
  const data = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) data.writeUInt16LE(value, 2 * i);
  const head = Buffer.alloc(8);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(data.length + more.length, 2);
  return Buffer.concat([head, data, more]);
}

/** Contexts begin at multiples of 8. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

export function negotiateRequest(offered: readonly Dialect[]): Request {
  const head = Buffer.alloc(36);
  head.writeUInt16LE(36, 0);
  head.writeUInt16LE(offered.length, 2);
  head.writeUInt16LE(SIGNING.enabled, 4);
  head.writeUInt32LE(LARGE_REQUESTS | (offered.some(isSmb3) ? ENCRYPTION : 0), 8);
  randomBytes(16).copy(head, 12);
  const codes = Buffer.alloc(2 * offered.length);
  for (const [i, dialect] of offered.entries()) codes.writeUInt16LE(dialects[dialect], 2 * i);
  if (!offered.includes('3.1.1')) {
    return { command: command.negotiate, body: Buffer.concat([head, codes]), charge: 1 };
  }
  const contexts = [
    contextOf(context.preauthentication, [1, SALT, SHA_512], randomBytes(SALT)),
    contextOf(context.encryption, [2, 2, 1]),
  ];
  const before = aligned(HEAD + head.length + codes.length);
  head.writeUInt32LE(before, 28);
  head.writeUInt16LE(contexts.length, 32);
  const gap = Buffer.alloc(before - HEAD - head.length - codes.length);
  return {
    command: command.negotiate,
    body: Buffer.concat([head, codes, gap, ...contexts.map(padded)]),
    charge: 1,
  };
}

/** What the server has chosen. */
export interface Negotiated {
  dialect: Dialect;
  /** The server takes nothing that is not signed. */
  mustSign: boolean;
  /** With which cipher it can encrypt; undefined when it cannot. */
  cipher: Cipher | undefined;
  /** It takes requests of more than 64 KiB. */
  large: boolean;
  maxRead: number;
  maxWrite: number;
}

/** Throws SmbProtocolError for what was not offered. */
export function parseNegotiated(answer: Answer): Negotiated {
  const body = bodyOf(answer, 65, 64);
  const dialect = dialectOf(body.readUInt16LE(4));
  if (!dialect) throw new SmbProtocolError(`dialect ${body.readUInt16LE(4).toString(16)}, which was not offered`);
  const capabilities = body.readUInt32LE(24);
  return {
    dialect,
    mustSign: (body.readUInt16LE(2) & SIGNING.required) !== 0,
    cipher:
      dialect === '3.1.1'
        ? cipherIn(answer, body.readUInt32LE(60), body.readUInt16LE(6))
        : isSmb3(dialect) && (capabilities & ENCRYPTION) !== 0
          ? ciphers[1]
          : undefined,
    large: dialect !== '2.0.2' && (capabilities & LARGE_REQUESTS) !== 0,
    maxRead: body.readUInt32LE(32),
    maxWrite: body.readUInt32LE(36),
  };
}

function cipherIn(answer: Answer, offset: number, count: number): Cipher | undefined {
  if (count > MOST_CONTEXTS) throw new SmbProtocolError('too many contexts');
  let at = offset;
  for (let i = 0; i < count; i++) {
    const head = partOf(answer, at, 8);
    const data = partOf(answer, at + 8, head.readUInt16LE(2));
    if (head.readUInt16LE(0) === context.encryption) {
      // It says 1 cipher, the chosen one; 0 is none.
      if (data.length < 4) throw new SmbProtocolError('a context that breaks off');
      return ciphers[data.readUInt16LE(2) as keyof typeof ciphers];
    }
    at += aligned(8 + data.length);
  }
  return undefined;
}
