import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cipher, Sealer } from './encryption.ts';
import { SmbProtocolError } from './errors.ts';
import { derivedKey, Preauthentication, sessionKeys } from './keys.ts';
import { HEAD, SIGNATURE_AT } from './message.ts';
import { Signer } from './signing.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

test('keys of a session of 3.0, as Microsoft published them', () => {
  const { signing } = sessionKeys('3.0', hex('7CD451825D0450D235424E44BA6E78CC'), new Preauthentication());
  assert.equal(signing.toString('hex').toUpperCase(), '0B7E9C5CAC36C0F6EA9AB275298CEDCE');
});

test('keys depend on dialect, label and context; before 3.0 the session key signs', () => {
  const key = hex('00112233445566778899aabbccddeeff');
  assert.deepEqual(sessionKeys('2.1', key, new Preauthentication()), { signing: key, sealing: undefined });
  const seen = new Preauthentication();
  seen.add(Buffer.from('a message'));
  const all = [
    sessionKeys('3.0.2', key, seen),
    sessionKeys('3.1.1', key, seen),
    sessionKeys('3.1.1', key, new Preauthentication()),
  ].flatMap(({ signing, sealing }) => [signing, sealing!.ours, sealing!.theirs]);
  assert.equal(new Set(all.map(String)).size, all.length);
  assert.equal(derivedKey(key, 'x', Buffer.alloc(0)).length, 16);
});

const keys = { ours: hex('000102030405060708090a0b0c0d0e0f'), theirs: hex('000102030405060708090a0b0c0d0e0f') };

for (const cipher of ['aes-128-ccm', 'aes-128-gcm'] satisfies Cipher[]) {
  test(`${cipher}: what is sealed opens again, and not when a bit of it has changed`, () => {
    const sealer = new Sealer(cipher, keys, 7n);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, place, bits) => {
          const sealed = sealer.seal(Buffer.from(bytes));
          assert.deepEqual(sealer.open(sealed), Buffer.from(bytes));
          // The protocol's own number is looked at before.
          const at = 4 + (place % (sealed.length - 4));
          sealed[at]! ^= bits;
          // Bytes of the nonce's field that the nonce does not use are authenticated too.
          assert.throws(() => sealer.open(sealed), SmbProtocolError, `byte ${at}`);
        },
      ),
      { numRuns: 300 },
    );
  });
}

test('no two messages have one nonce, and another session’s are refused', () => {
  const sealer = new Sealer('aes-128-gcm', keys, 7n);
  const nonces = Array.from({ length: 100 }, () => sealer.seal(Buffer.alloc(1)).toString('hex', 20, 36));
  assert.equal(new Set(nonces).size, 100);
  assert.throws(() => new Sealer('aes-128-gcm', keys, 8n).open(sealer.seal(Buffer.alloc(9))), SmbProtocolError);
});

for (const dialect of ['2.1', '3.1.1'] as const) {
  test(`a signature of ${dialect} is right for its message and key alone`, () => {
    const signer = new Signer(dialect, keys.ours);
    const message = Buffer.alloc(HEAD + 30, 1);
    signer.sign(message);
    assert.ok(signer.isRight(Buffer.from(message)));
    assert.equal(new Signer(dialect, Buffer.alloc(16)).isRight(Buffer.from(message)), false);
    for (const at of [0, SIGNATURE_AT, HEAD - 1, HEAD + 29]) {
      const changed = Buffer.from(message);
      changed[at]! ^= 1;
      assert.equal(signer.isRight(changed), false, `byte ${at}`);
    }
  });
}
