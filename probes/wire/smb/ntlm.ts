/** NTLMv2 (MS-NLMP) as a client speaks it: three messages, the last with a MIC over all three. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { SmbProtocolError } from './errors.ts';
import { md4 } from './md4.ts';

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
/** Unicode, target, sign, NTLM, always sign, extended session security, target info, 128 and 56 bit (MS-NLMP, 2.2.2.5). No key exchange: RC4 is not needed. */
const FLAGS = 0xa0888215;

const av = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;
const MIC_PROVIDED = 2;
/** Windows counts 100 ns since 1601. */
const EPOCH_1601 = 11_644_473_600_000n;

const utf16 = (text: string) => Buffer.from(text, 'utf16le');

export function hmacMd5(key: Buffer, ...data: Buffer[]): Buffer {
  const hmac = createHmac('md5', key);
  for (const bytes of data) hmac.update(bytes);
  return hmac.digest();
}

/** Who asks. */
export interface NtlmUser {
  name: string;
  /** '' for an account of the server itself. */
  domain: string;
  password: string;
}

/** `DOMAIN\name`, or a name alone. */
export function userOf(user: string, password: string): NtlmUser {
  const [first, ...rest] = user.split('\\');
  return rest.length === 0 ? { name: user, domain: '', password } : { name: rest.join('\\'), domain: first!, password };
}

/** NTOWFv2: the key that everything else is made with. */
export function responseKey({ name, domain, password }: NtlmUser): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(name.toUpperCase() + domain));
}

export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(FLAGS, 12);
  return message;
}

interface Challenge {
  flags: number;
  challenge: Buffer;
  pairs: Map<number, Buffer>;
}

/** Throws SmbProtocolError for what is no CHALLENGE_MESSAGE. */
export function parseChallenge(message: Buffer): Challenge {
  if (message.length < 48 || !message.subarray(0, 8).equals(SIGNATURE) || message.readUInt32LE(8) !== 2) {
    throw new SmbProtocolError('no NTLM challenge');
  }
  const [length, offset] = [message.readUInt16LE(40), message.readUInt32LE(44)];
  if (offset + length > message.length) throw new SmbProtocolError('the NTLM challenge breaks off');
  if (length > MOST_INFO) throw new SmbProtocolError(`an NTLM challenge with ${length} bytes of target info`);
  return {
    flags: message.readUInt32LE(20),
    challenge: message.subarray(24, 32),
    pairs: pairsIn(message.subarray(offset, offset + length)),
  };
}

function pairsIn(info: Buffer): Map<number, Buffer> {
  const pairs = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= info.length; ) {
    const [id, length] = [info.readUInt16LE(at), info.readUInt16LE(at + 2)];
    if (id === av.end) break;
    if (at + 4 + length > info.length) throw new SmbProtocolError('the NTLM target info breaks off');
    pairs.set(id, info.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return pairs;
}

function targetInfo(pairs: Map<number, Buffer>): Buffer {
  const parts = [...pairs].map(([id, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id, 0);
    head.writeUInt16LE(value.length, 2);
    return Buffer.concat([head, value]);
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

/** NTProofStr, what it is the proof of, and the session's key (MS-NLMP, 3.3.2). */
export function proofOf(key: Buffer, challenge: Buffer, time: Buffer, clientChallenge: Buffer, info: Buffer) {
  const head = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]);
  const blob = Buffer.concat([head, time, clientChallenge, Buffer.alloc(4), info, Buffer.alloc(4)]);
  const proof = hmacMd5(key, challenge, blob);
  return { response: Buffer.concat([proof, blob]), sessionKey: hmacMd5(key, proof) };
}

export interface Authentication {
  message: Buffer;
  sessionKey: Buffer;
}

/** Far more than names of a domain take. It goes back to the server, and a token holds 64 KiB. */
const MOST_INFO = 8192;

/** The answer to a challenge. `host` is whom the user means to speak to. Throws SmbProtocolError. */
export function authenticate(user: NtlmUser, host: string, negotiated: Buffer, challenged: Buffer): Authentication {
  const { flags, challenge, pairs } = parseChallenge(challenged);
  const key = responseKey(user);
  const clientChallenge = randomBytes(8);
  const theirTime = pairs.get(av.timestamp);
  if (theirTime !== undefined && theirTime.length !== 8) throw new SmbProtocolError('a bad time in the NTLM challenge');
  if (theirTime) pairs.set(av.flags, Buffer.from([MIC_PROVIDED, 0, 0, 0]));
  pairs.set(av.channelBindings, Buffer.alloc(16));
  pairs.set(av.targetName, utf16(`cifs/${host}`));
  const { response, sessionKey } = proofOf(key, challenge, theirTime ?? now(), clientChallenge, targetInfo(pairs));
  // The older response says nothing more where a MIC stands for the whole.
  const older = theirTime ? Buffer.alloc(24) : lmResponse(key, challenge, clientChallenge);
  const message = authenticateMessage([older, response, utf16(user.domain), utf16(user.name)], flags & FLAGS);
  if (theirTime) hmacMd5(sessionKey, negotiated, challenged, message).copy(message, MIC_AT);
  return { message, sessionKey };
}

/** LMv2 (MS-NLMP, 3.3.2). */
export function lmResponse(key: Buffer, challenge: Buffer, clientChallenge: Buffer): Buffer {
  return Buffer.concat([hmacMd5(key, challenge, clientChallenge), clientChallenge]);
}

const SIGN_MAGIC = Buffer.from('session key to client-to-server signing key magic constant\0', 'latin1');

/** The client's first signature of something else (MS-NLMP, 3.4.4.2; without key exchange its checksum is not encrypted). */
export function firstSignature(sessionKey: Buffer, data: Buffer): Buffer {
  const key = createHash('md5').update(sessionKey).update(SIGN_MAGIC).digest();
  const sequence = Buffer.alloc(4);
  return Buffer.concat([Buffer.from([1, 0, 0, 0]), hmacMd5(key, sequence, data).subarray(0, 8), sequence]);
}

function now(): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(Date.now()) + EPOCH_1601) * 10_000n);
  return time;
}

const MIC_AT = 72;
const PAYLOAD_AT = MIC_AT + 16;

/** Its parts are LM response, NT response, domain, user; then come the workstation and a session key, which are empty. */
function authenticateMessage(parts: Buffer[], flags: number): Buffer {
  const head = Buffer.alloc(PAYLOAD_AT);
  SIGNATURE.copy(head);
  head.writeUInt32LE(3, 8);
  let offset = PAYLOAD_AT;
  for (const [i, { length }] of [...parts, Buffer.alloc(0), Buffer.alloc(0)].entries()) {
    head.writeUInt16LE(length, 12 + 8 * i);
    head.writeUInt16LE(length, 14 + 8 * i);
    head.writeUInt32LE(offset, 16 + 8 * i);
    offset += length;
  }
  head.writeUInt32LE(flags >>> 0, 60);
  return Buffer.concat([head, ...parts]);
}
