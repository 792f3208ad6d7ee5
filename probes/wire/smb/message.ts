/** The head of an SMB2 message (MS-SMB2, 2.2.1.2). */
import { SmbProtocolError } from './errors.ts';

export const HEAD = 64;
const PROTOCOL = 0xfe534d42;

export const command = {
  negotiate: 0,
  sessionSetup: 1,
  treeConnect: 3,
  create: 5,
  close: 6,
  flush: 7,
  read: 8,
  write: 9,
} as const;
type Command = (typeof command)[keyof typeof command];

const flag = { response: 1, async: 2, related: 4, signed: 8 } as const;
/** So many requests go together at most. */
const MOST_CHAINED = 4;
/** Answers to nothing that was asked, such as a broken oplock, which is never asked for. */
const UNASKED = 0xffff_ffff_ffff_ffffn;

export interface Request {
  command: Command;
  body: Buffer;
  /** Credits that it takes, one for each 64 KiB that is written or read. */
  charge: number;
}

export interface RequestHead {
  id: bigint;
  session: bigint;
  tree: number;
  /** Whether this dialect knows credits for large requests. */
  charges: boolean;
  credits: number;
}

/** A message without its signature. */
export function message({ command, body, charge }: Request, head: RequestHead): Buffer {
  const bytes = Buffer.alloc(HEAD + body.length);
  bytes.writeUInt32BE(PROTOCOL, 0);
  bytes.writeUInt16LE(HEAD, 4);
  bytes.writeUInt16LE(head.charges ? charge : 0, 6);
  bytes.writeUInt16LE(command, 12);
  bytes.writeUInt16LE(head.credits, 14);
  bytes.writeBigUInt64LE(head.id, 24);
  bytes.writeUInt32LE(head.tree, 36);
  bytes.writeBigUInt64LE(head.session, 40);
  body.copy(bytes, HEAD);
  return bytes;
}

/** Messages of a chain begin at multiples of 8. */
const aligned = (length: number) => Math.ceil(length / 8) * 8;

/**
 * Messages that go together, each about the file that the first one opens: all of them know where the next one begins, and are ready to be
 * signed one by one.
 */
export function chained(messages: Buffer[]): Buffer[] {
  return messages.map((bytes, i) => {
    if (i > 0) {
      bytes.writeUInt32LE(bytes.readUInt32LE(16) | flag.related, 16);
      bytes.fill(0xff, 36, 48); // tree and session of the one before
    }
    if (i === messages.length - 1) return bytes;
    const length = aligned(bytes.length);
    bytes.writeUInt32LE(length, 20);
    return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
  });
}

/** A whole answer. */
export interface Answer {
  bytes: Buffer;
  status: number;
  command: number;
  credits: number;
  id: bigint;
  /** The server has begun with it, and answers later. */
  isAsync: boolean;
  isSigned: boolean;
  tree: number;
  session: bigint;
}

/** The answers in a message: one, or those to a chain. Throws SmbProtocolError. */
export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; ; ) {
    if (answers.length === MOST_CHAINED) throw new SmbProtocolError('more answers in one than are ever asked together');
    const next = bytes.length - at < HEAD ? 0 : bytes.readUInt32LE(at + 20);
    if (next !== 0 && (next < HEAD || next % 8 !== 0 || at + next > bytes.length)) {
      throw new SmbProtocolError('an answer that breaks off');
    }
    answers.push(parseAnswer(bytes.subarray(at, next === 0 ? bytes.length : at + next)));
    if (next === 0) return answers;
    at += next;
  }
}

function parseAnswer(bytes: Buffer): Answer {
  if (bytes.length < HEAD || bytes.readUInt32BE(0) !== PROTOCOL || bytes.readUInt16LE(4) !== HEAD) {
    throw new SmbProtocolError('no SMB2');
  }
  const flags = bytes.readUInt32LE(16);
  const id = bytes.readBigUInt64LE(24);
  if ((flags & flag.response) === 0 || id === UNASKED) throw new SmbProtocolError('a message that is no answer');
  return {
    bytes,
    status: bytes.readUInt32LE(8),
    command: bytes.readUInt16LE(12),
    credits: bytes.readUInt16LE(14),
    id,
    isAsync: (flags & flag.async) !== 0,
    isSigned: (flags & flag.signed) !== 0,
    tree: bytes.readUInt32LE(36),
    session: bytes.readBigUInt64LE(40),
  };
}

/** Marks it as signed; its signature's place is zero then. */
export function markSigned(bytes: Buffer): void {
  bytes.writeUInt32LE(bytes.readUInt32LE(16) | flag.signed, 16);
  bytes.fill(0, SIGNATURE_AT, HEAD);
}

export const SIGNATURE_AT = 48;

/** The body of a good answer, which has at least this many bytes. Throws SmbProtocolError. */
export function bodyOf({ bytes }: Answer, structureSize: number, least: number): Buffer {
  const body = bytes.subarray(HEAD);
  if (body.length < least || body.readUInt16LE(0) !== structureSize)
    throw new SmbProtocolError('a body of another kind');
  return body;
}

/** A part of the answer, by its place from the beginning of the head. Throws SmbProtocolError. */
export function partOf({ bytes }: Answer, offset: number, length: number): Buffer {
  if (offset + length > bytes.length) throw new SmbProtocolError('an answer that breaks off');
  return bytes.subarray(offset, offset + length);
}
