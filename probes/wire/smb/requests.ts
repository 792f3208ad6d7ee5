/** Requests after the negotiation, and what is read of their answers (MS-SMB2, 2.2.5 to 2.2.22). */
import { type Answer, bodyOf, command, HEAD, partOf, type Request } from './message.ts';

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
/** Bytes for which a request takes one credit. */
const CREDIT = 64 * 1024;
const chargeOf = (bytes: number) => Math.max(1, Math.ceil(bytes / CREDIT));

/** A body of fixed length, whose first number says it (one more where something of variable length follows). */
function fixed(length: number, structureSize = length): Buffer {
  const body = Buffer.alloc(length);
  body.writeUInt16LE(structureSize, 0);
  return body;
}

export function sessionSetup(token: Buffer): Request {
  const head = fixed(24, 25);
  head[3] = 1; // signing enabled
  head.writeUInt16LE(HEAD + head.length, 12);
  head.writeUInt16LE(token.length, 14);
  return { command: command.sessionSetup, body: Buffer.concat([head, token]), charge: 1 };
}

const SESSION = { guest: 1, anonymous: 2, encrypt: 4 } as const;

export function parseSessionSetup(answer: Answer) {
  const body = bodyOf(answer, 9, 8);
  const flags = body.readUInt16LE(2);
  return {
    token: partOf(answer, body.readUInt16LE(4), body.readUInt16LE(6)),
    /** The user was not known, and is nobody in particular now. */
    isGuest: (flags & (SESSION.guest | SESSION.anonymous)) !== 0,
    encrypts: (flags & SESSION.encrypt) !== 0,
  };
}

export function treeConnect(host: string, share: string): Request {
  const path = utf16(`\\\\${host}\\${share}`);
  const head = fixed(8, 9);
  head.writeUInt16LE(HEAD + head.length, 4);
  head.writeUInt16LE(path.length, 6);
  return { command: command.treeConnect, body: Buffer.concat([head, path]), charge: 1 };
}

const DISK = 1;
const SHARE_ENCRYPTS = 0x8000;

export function parseTreeConnect(answer: Answer) {
  const body = bodyOf(answer, 16, 16);
  return { isDisk: body[2] === DISK, encrypts: (body.readUInt32LE(4) & SHARE_ENCRYPTS) !== 0 };
}

/** What a file is opened for: with which rights, whether it must or must not be there, and how. */
export const opening = {
  /** Read and write; made new, or emptied. */
  put: { access: 0x0012019f, disposition: 5, options: 0x40 },
  /** Read and write; as it is, or new. */
  resume: { access: 0x0012019f, disposition: 3, options: 0x40 },
  get: { access: 0x00120089, disposition: 1, options: 0x40 },
  /** Removed when it is closed. */
  remove: { access: 0x00010080, disposition: 1, options: 0x1040 },
} as const;
export type Opening = (typeof opening)[keyof typeof opening];

const IMPERSONATION = 2;
const NORMAL_FILE = 0x80;
/** Others may read, write and remove meanwhile. */
const SHARED = 7;

export function create(path: string, { access, disposition, options }: Opening): Request {
  const name = utf16(path);
  const head = fixed(56, 57);
  head.writeUInt32LE(IMPERSONATION, 4);
  head.writeUInt32LE(access, 24);
  head.writeUInt32LE(NORMAL_FILE, 28);
  head.writeUInt32LE(SHARED, 32);
  head.writeUInt32LE(disposition, 36);
  head.writeUInt32LE(options, 40);
  head.writeUInt16LE(HEAD + head.length, 44);
  head.writeUInt16LE(name.length, 46);
  return { command: command.create, body: Buffer.concat([head, name]), charge: 1 };
}

export interface OpenFile {
  id: Buffer;
  size: number;
}

export function parseCreate(answer: Answer): OpenFile {
  const body = bodyOf(answer, 89, 80);
  return { id: Buffer.from(body.subarray(64, 80)), size: Number(body.readBigUInt64LE(48)) };
}

/** In a chain: the file that its first request opens. */
export const CHAINED: OpenFile = { id: Buffer.alloc(16, 0xff), size: 0 };

const withFile = (file: OpenFile, body: Buffer, at: number) => {
  file.id.copy(body, at);
  return body;
};

export function close(file: OpenFile): Request {
  return { command: command.close, body: withFile(file, fixed(24), 8), charge: 1 };
}

/** Answered when what was written is on the disk, as far as the server tells the truth. */
export function flush(file: OpenFile): Request {
  return { command: command.flush, body: withFile(file, fixed(24), 8), charge: 1 };
}

export function write(file: OpenFile, bytes: Buffer, offset: number): Request {
  const head = withFile(file, fixed(48, 49), 16);
  head.writeUInt16LE(HEAD + head.length, 2);
  head.writeUInt32LE(bytes.length, 4);
  head.writeBigUInt64LE(BigInt(offset), 8);
  return { command: command.write, body: Buffer.concat([head, bytes]), charge: chargeOf(bytes.length) };
}

/** How many bytes were written. */
export function parseWrite(answer: Answer): number {
  return bodyOf(answer, 17, 16).readUInt32LE(4);
}

export function read(file: OpenFile, length: number, offset: number): Request {
  const body = withFile(file, fixed(49), 16);
  body.writeUInt32LE(length, 4);
  body.writeBigUInt64LE(BigInt(offset), 8);
  return { command: command.read, body, charge: chargeOf(length) };
}

export function parseRead(answer: Answer): Buffer {
  const body = bodyOf(answer, 17, 16);
  return partOf(answer, body[2]!, body.readUInt32LE(4));
}
