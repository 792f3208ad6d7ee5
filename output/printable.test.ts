import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable, printableJson } from './printable.ts';

/** What no terminal and no page may be given: controls, formats, what is not drawn; a line's end is none. */
const UNSEEN = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\u001b',
      '[',
      '2J',
      '\r',
      '\n',
      '\u0007',
      '\u009b',
      '\u200b',
      '\u202e',
      '\u{e0041}',
      'a',
      '\ud800',
    ),
  }),
);

test('whatever a text holds, only what is seen is left, and doing it again changes nothing', () => {
  fc.assert(
    fc.property(text, (given) => {
      const shown = printable(given);
      assert.doesNotMatch(shown, UNSEEN);
      assert.equal(printable(shown), shown);
    }),
  );
});

test('what is seen anyway stays as it is, in any script, lines included', () => {
  for (const plain of [
    '3 → 2 members: “näht” 100 %',
    '日本語 русский עברית العربية',
    'a\nb\n\nc',
    'C:\\x1b',
    '▁▂█ ✓ 🙂',
    'a\u00a0b',
  ])
    assert.equal(printable(plain), plain);
});

test('what steers a terminal or hides becomes an escape that is seen', () => {
  const cases: [string, string][] = [
    ['\u001b[2J', '\\x1b[2J'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['\u001b]52;c;cm0gLXJm\u001b\\', '\\x1b]52;c;cm0gLXJm\\x1b\\'],
    ['\u009b31m', '\\x9b31m'],
    ['ok\rfailed', 'ok\\x0dfailed'],
    ['a\u200bb\u2060\ufeff', 'a\\u200bb\\u2060\\ufeff'],
    ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\u2028\u2029\u0085', '\\u2028\\u2029\\x85'],
    ['a\ufe0f\u3164\u115f', 'a\\ufe0f\\u3164\\u115f'],
    ['\ud800', '\\ud800'],
    ['a\r\nb\tc', 'a\nb c'],
  ];
  for (const [given, shown] of cases) assert.equal(printable(given), shown);
});

test('JSON stays the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), text, (value, name) => {
      const json = printableJson(JSON.stringify({ [name]: value, name }, null, 2));
      assert.doesNotMatch(json, UNSEEN);
      assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify({ [name]: value, name })));
    }),
  );
});
