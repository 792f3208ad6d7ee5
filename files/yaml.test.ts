import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { assertInside } from '../tests/mutations.ts';
import { FileError, MOST_DIAGNOSTICS } from './diagnostic.ts';
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

/** What is wrong with a text. */
function wrong(text: string): FileError {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    assertInside(error, text);
    return error;
  }
  return assert.fail('nothing is wrong with it');
}

test('however deep a text is nested, and by whatever, it is one error at the place that is too deep', () => {
  const forms: Record<string, [open: string, middle: string, close: string]> = {
    'maps in braces': ['{a: ', '1', '}'],
    'maps in braces with quoted keys': ['{"a":', '1', '}'],
    lists: ['[', '', ']'],
    'lists of maps': ['[a: ', '1', ']'],
    'lists in one line': ['- ', 'x', ''],
    'keys in one line': ['? ', 'x', ''],
    'keys in braces': ['{? ', 'x', '}'],
    'a quote that is never closed': ['{a: ', '"', ''],
    'never closed': ['[{a: ', '', ''],
  };
  for (const [what, [open, middle, close]] of Object.entries(forms)) {
    for (const depth of [40, 300, 1000, 1500, 2000, 3000, 20_000]) {
      const text = `title: x\nnested: ${open.repeat(depth)}${middle}${close.repeat(depth)}\n`;
      if (what.endsWith('in one line')) {
        // There they stand in a line of their own.
        const [diagnostic] = wrong(text.replace('nested: ', 'nested:\n  ')).diagnostics;
        assert.equal(diagnostic?.message, 'nested more than 32 levels deep', `${what}, ${depth}`);
        assert.equal(diagnostic.line, 3);
        continue;
      }
      const { diagnostics } = wrong(text);
      assert.deepEqual([diagnostics.length, diagnostics[0]!.line], [1, 2], `${what}, ${depth}`);
      assert.equal(diagnostics[0]!.message, 'nested more than 32 levels deep', `${what}, ${depth}`);
      assert.ok(diagnostics[0]!.column <= 'nested: '.length + 34 * open.length, `${what}, ${depth}`);
    }
  }
});

test('a quarter of a MiB of brackets is refused at once', () => {
  const before = process.memoryUsage().rss;
  const began = process.cpuUsage();
  assert.equal(wrong('['.repeat(250_000)).diagnostics[0]?.message, 'nested more than 32 levels deep');
  const { user } = process.cpuUsage(began);
  assert.ok(user < 150_000, `${user} µs`);
  assert.ok(process.memoryUsage().rss - before < 50_000_000);
});

test('what is as deep as allowed is read', () => {
  const text = `${'{a: '.repeat(32)}1${'}'.repeat(32)}`;
  assert.equal(JSON.stringify(read(text).value).length, '{"a":}'.length * 32 + 1);
  const [diagnostic] = wrong(`{b: ${text}}`).diagnostics;
  assert.equal(diagnostic?.message, 'nested more than 32 levels deep');
  assert.equal(diagnostic.column, 1 + 33 * 4);
});

test('of many mistakes the first are told, and how many more there are', () => {
  const pairs = Array.from({ length: 500 }, (_, i) => `k${i}: 1\nk${i}: 2\n`);
  const { diagnostics } = wrong(pairs.join(''));
  assert.equal(diagnostics.length, MOST_DIAGNOSTICS + 1);
  assert.equal(diagnostics.at(-2)?.message, "'k19' is given twice");
  assert.deepEqual(
    { ...diagnostics.at(-1), excerpt: undefined },
    { file: 'file.yaml', line: 42, column: 1, message: 'and 480 more', excerpt: undefined },
  );
  assert.equal(wrong(pairs.slice(0, 20).join('')).diagnostics.length, 20);
});
