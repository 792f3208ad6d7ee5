import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Cmac } from './cmac.ts';

test('the examples of RFC 4493, 4', () => {
  const cmac = new Cmac(Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex'));
  const message = Buffer.from(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
    'hex',
  );
  const codes = {
    0: 'bb1d6929e95937287fa37d129b756746',
    16: '070a16b46b4d4144f79bdd9dd04a287c',
    40: 'dfa66747de9ae63030ca32611497c827',
    64: '51f0bebf7e3b9d92fc49741779363cfe',
  };
  for (const [length, code] of Object.entries(codes)) {
    assert.equal(cmac.of(message.subarray(0, Number(length))).toString('hex'), code, length);
  }
});

test('one after the other, of any length: each as if it were the first', () => {
  const key = randomBytes(16);
  const cmac = new Cmac(key);
  const lengths = [0, 1, 15, 16, 17, 64, 4096, 16_383, 16_384, 16_385, 16_399, 16_400, 16_401, 262_144, 262_256, 3];
  for (const length of [...lengths, ...lengths.toReversed()]) {
    const message = randomBytes(length);
    const before = Buffer.from(message);
    assert.deepEqual(cmac.of(message), alone(key, message), String(length));
    assert.deepEqual(message, before, 'the message is as it was');
  }
});

/** RFC 4493, 2.4, word for word, with a cipher of its own. */
function alone(key: Buffer, message: Buffer): Buffer {
  const aes = (blocks: Buffer) =>
    createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false).update(blocks).subarray(-16);
  const shifted = (block: Buffer) => {
    const twice = (BigInt(`0x${block.toString('hex')}`) << 1n) ^ (block[0]! & 0x80 ? 0x87n : 0n);
    return Buffer.from((twice & ((1n << 128n) - 1n)).toString(16).padStart(32, '0'), 'hex');
  };
  const whole = shifted(aes(Buffer.alloc(16)));
  const isWhole = message.length > 0 && message.length % 16 === 0;
  const padding = isWhole ? 0 : 16 - (message.length % 16);
  const blocks = Buffer.concat([message, Buffer.alloc(padding)]);
  if (!isWhole) blocks[message.length] = 0x80;
  const last = isWhole ? whole : shifted(whole);
  for (let i = 0; i < 16; i++) blocks[blocks.length - 16 + i]! ^= last[i]!;
  return Buffer.from(aes(blocks));
}
