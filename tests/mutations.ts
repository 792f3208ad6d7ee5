import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FileError } from '../files/diagnostic.ts';

/** What turns up where it should not: structure, numbers that are none, words of other languages. */
export const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    '- ',
    ', ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '#',
    '|',
    '>',
    '&a ',
    '*a',
    '? ',
    '---\n',
    '%',
    '!!set ',
  ],
  ...['0', '-1', '1e999', '.nan', '.inf', '0x1F', 'null', '~', 'true', 'yes', '99%', '50ms', '9h', '10', 'Infinity'],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'length', '{node}', 'ü', '😀', '\u2028', '<<: '],
];

/** A text with one to four places cut, doubled, or with something put in. */
export function mutations(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
    put: fc.oneof(fc.constant(''), fc.constantFrom(...PIECES), fc.string({ maxLength: 5 }), fc.constant(undefined)),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
    edits.reduce((now, { at, cut, put }) => {
      const gone = now.slice(at, at + cut);
      return now.slice(0, at) + (put ?? gone + gone) + now.slice(at + cut);
    }, text),
  );
}

/** Every place lies in the text: an existing line, a column in it or just behind it. */
export function assertInside(error: FileError, text: string): void {
  const lines = text.split('\n');
  assert.ok(error.diagnostics.length > 0);
  for (const { line, column, message, excerpt } of error.diagnostics) {
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${message}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column} of line ${line}: ${message}`);
    if (excerpt) assert.ok(excerpt.from >= 0 && excerpt.length >= 1 && excerpt.text.length < 150, message);
  }
}
