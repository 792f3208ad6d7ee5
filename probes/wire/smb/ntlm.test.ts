import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SmbProtocolError } from './errors.ts';
import {
  authenticate,
  hmacMd5,
  lmResponse,
  negotiateMessage,
  parseChallenge,
  proofOf,
  responseKey,
  userOf,
} from './ntlm.ts';
import { firstToken, nextToken, tokenIn } from './spnego.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const user = { name: 'User', domain: 'Domain', password: 'Password' };
const challenge = hex('0123456789abcdef');
const clientChallenge = Buffer.alloc(8, 0xaa);
/** MS-NLMP, 4.2.4.1.3: domain and server name. */
const info = hex('02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000');

test('the example of MS-NLMP, 4.2.4: NTLMv2', () => {
  const key = responseKey(user);
  assert.equal(key.toString('hex'), '0c868a403bfd7a93a3001ef22ef02e3f');
  const { response, sessionKey } = proofOf(key, challenge, Buffer.alloc(8), clientChallenge, info);
  assert.equal(response.subarray(0, 16).toString('hex'), '68cd0ab851e51c96aabc927bebef6a1c');
  assert.equal(sessionKey.toString('hex'), '8de40ccadbc14a82f15cb0ad0de95ca3');
  assert.equal(
    lmResponse(key, challenge, clientChallenge).toString('hex'),
    '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa',
  );
});

/** A challenge as a server sends it. */
function challengeMessage(targetInfo: Buffer): Buffer {
  const head = Buffer.alloc(48);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE(0xa0888215, 20);
  challenge.copy(head, 24);
  head.writeUInt16LE(targetInfo.length, 40);
  head.writeUInt16LE(targetInfo.length, 42);
  head.writeUInt32LE(head.length, 44);
  return Buffer.concat([head, targetInfo]);
}

test('with a time from the server, the MIC is over all three messages, and the time is the server’s', () => {
  const time = hex('07000800 0102030405060708');
  const challenged = challengeMessage(Buffer.concat([time, info]));
  const { message, sessionKey } = authenticate(user, 'files', negotiateMessage(), challenged);
  const mic = Buffer.from(message.subarray(72, 88));
  message.fill(0, 72, 88);
  assert.deepEqual(mic, hmacMd5(sessionKey, negotiateMessage(), challenged, message));
  assert.deepEqual(message.subarray(88, 112), Buffer.alloc(24), 'no LM response');
  const response = message.subarray(message.readUInt32LE(24), message.readUInt32LE(24) + message.readUInt16LE(20));
  assert.deepEqual(response.subarray(24, 32), time.subarray(4));
  assert.ok(response.includes(Buffer.from('cifs/files', 'utf16le')));
});

test('without one there is none, and an LM response', () => {
  const { message } = authenticate(user, 'files', negotiateMessage(), challengeMessage(info));
  assert.deepEqual(message.subarray(72, 88), Buffer.alloc(16));
  assert.notDeepEqual(message.subarray(88, 112), Buffer.alloc(24));
});

test('a domain before the name', () => {
  assert.deepEqual(userOf('CORP\\ann', 'x'), { name: 'ann', domain: 'CORP', password: 'x' });
  assert.deepEqual(userOf('ann', 'x'), { name: 'ann', domain: '', password: 'x' });
});

test('a token comes back out of SPNEGO, however long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => {
      const token = Buffer.from(bytes).subarray(0, 60_000);
      assert.deepEqual(tokenIn(nextToken(token, Buffer.alloc(16))), token);
    }),
    { numRuns: 100 },
  );
  assert.throws(() => tokenIn(firstToken(Buffer.alloc(3))), SmbProtocolError);
});

test('noise, and damaged challenges, end in a challenge or in an SmbProtocolError', () => {
  const good = nextToken(challengeMessage(Buffer.concat([hex('07000800 0102030405060708'), info])), Buffer.alloc(16));
  const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length)).map(([at, byte, end]) => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes.subarray(0, end > good.length / 2 ? good.length : end);
  });
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(damaged, noise), (bytes) => {
      try {
        parseChallenge(tokenIn(bytes));
      } catch (error) {
        assert.ok(error instanceof SmbProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
