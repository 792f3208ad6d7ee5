import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clip, readBeginning, readLines, readText, TooLong } from './bounded.ts';

async function* inPieces(text: string, sizes: number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes.length === 0 ? bytes.length : sizes[index % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}
const pieces = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 5 });
const words = fc.string({ unit: fc.constantFrom('a', 'ä', '語', '\n', ' ', '😀'), maxLength: 60 });

test('text and lines are the same, however they come', async () => {
  await fc.assert(
    fc.asyncProperty(words, pieces, async (text, sizes) => {
      assert.equal(await readText(inPieces(text, sizes), 'x'), text);
      const lines = await all(readLines(inPieces(text, sizes), 'x'));
      const whole = text.split('\n').slice(0, -1);
      assert.deepEqual(
        lines,
        whole.filter((line) => line.trim() !== ''),
      );
    }),
  );
});

test('text of more than one block', async () => {
  const text = 'äb'.repeat(100_000);
  assert.equal(await readText(inPieces(text, [4097]), 'x'), text);
});

test('limits hold to the byte', async () => {
  const limit = { bytes: 10, values: 3 };
  assert.equal(await readText(inPieces('0123456789', [3]), 'x', limit), '0123456789');
  await assert.rejects(readText(inPieces('0123456789a', [3]), 'x', limit), TooLong);
  assert.equal(await readText(inPieces('[1,{', [1]), 'x', limit), '[1,{');
  await assert.rejects(readText(inPieces('[1,{,', [1]), 'x', limit), /x: the answer has more than 3 values/);
  assert.equal(await readBeginning(inPieces('0123456789a', [3]), 10), '0123456789');
  const lines = (text: string) => all(readLines(inPieces(text, [4]), 'x', 10));
  assert.deepEqual(await lines('0123456789\n1\n'), ['0123456789', '1']);
  await assert.rejects(lines('0\n0123456789a'), /one line is longer/);
});

test('words of an error are cut where they go on', () => {
  assert.equal(clip('abc', 3), 'abc');
  assert.equal(clip('abcd', 3), 'abc … (4 characters)');
});
