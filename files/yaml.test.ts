import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { assertInside } from '../tests/mutations.ts';
import { FileError } from './diagnostic.ts';
import { Source } from './source.ts';
import { parseYaml } from './yaml.ts';

const read = (text: string) => parseYaml(new Source('file.yaml', text));
const textAt = (text: string, [from, to]: readonly [number, number]) => text.slice(from, to);

test('every value and key knows its place', () => {
  const text = 'a:\n  - { b: one, c: [two] }\nd:\n';
  const file = read(text);
  assert.equal(textAt(text, file.at(['a', 0, 'b'])), 'one');
  assert.equal(textAt(text, file.key(['a', 0, 'b'])), 'b');
  assert.equal(textAt(text, file.at(['a', 0, 'c', 0])), 'two');
  assert.equal(textAt(text, file.key(['a', 0, 'c', 0])), 'two', 'a list item has no key');
  assert.equal(textAt(text, file.at(['d'])), 'd', 'an empty value is shown at its key');
  assert.equal(textAt(text, file.at(['a', 0, 'x', 'y'])), '{ b: one, c: [two] }', 'what is missing: where it would be');
});

test('aliases stand for their anchors', () => {
  const text = 'a: &usual { every: 50ms }\nb: *usual\n';
  const file = read(text);
  assert.equal(JSON.stringify(file.value), '{"a":{"every":"50ms"},"b":{"every":"50ms"}}');
  assert.equal(textAt(text, file.at(['b'])), '*usual');
  assert.equal(textAt(text, file.at(['b', 'every'])), '50ms');
});

test('keys that JavaScript knows are only keys', () => {
  const { value } = read('constructor: 1\ntoString: 2\n');
  assert.deepEqual(Object.entries(value as object), [
    ['constructor', 1],
    ['toString', 2],
  ]);
  assert.equal(Object.getPrototypeOf(value), null);
});

test('what was written is what is read', () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.stringMatching(/^[ -~]{0,20}$/),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree, { minKeys: 1 }), (value) => {
      assert.equal(JSON.stringify(read(stringify(value)).value), JSON.stringify(value));
    }),
  );
});

test('whatever the text is: a value, or an error with a place inside it', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '? ',
      '\n',
      '  ',
      '\t',
      '"',
      "'",
      '&a ',
      '*a',
      '|',
      '>',
      '#',
      '---',
      '%',
      '!!',
      '<<',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        assertInside(error, text);
      }
    }),
    { numRuns: 2000 },
  );
});
