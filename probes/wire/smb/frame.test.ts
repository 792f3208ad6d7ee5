import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SmbProtocolError } from './errors.ts';
import { FrameReader, framed, limits } from './frame.ts';

test('messages come out whole and in order, however the bytes are cut', () => {
  const messages = fc.array(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(messages, fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 20 }), (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(framed));
      const reader = new FrameReader();
      const got: Buffer[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + 1 + sizes[i % sizes.length]!;
        // A buffer of its own each time, as a socket gives it.
        reader.push(Buffer.from(bytes.subarray(at, end)), (message) => got.push(Buffer.from(message)));
        at = end;
      }
      assert.deepEqual(got, sent);
      assert.equal(reader.held, 0);
    }),
  );
});

test('a length beyond the limit is refused before the bytes come, and so is another protocol', () => {
  const reader = new FrameReader();
  const push = (hex: string) => reader.push(Buffer.from(hex, 'hex'), () => {});
  assert.throws(() => push('00ffffff'), SmbProtocolError);
  assert.throws(() => new FrameReader().push(Buffer.from('HTTP/1.1 400'), () => {}), SmbProtocolError);
});

test('what is held is what came, not what was announced', () => {
  const reader = new FrameReader();
  reader.limit = limits.frame;
  const bytes = framed(Buffer.alloc(limits.frame)).subarray(0, 1000);
  for (const byte of bytes) reader.push(Buffer.from([byte]), () => assert.fail('nothing is complete'));
  assert.equal(reader.held, 1000);
});
