/** Text of others in what is not a terminal: CSV, Markdown, pages, and errors for Playwright. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rememberSecret } from '../output/secrets.ts';
import { findingsByHand } from '../tests/made-up/findings.ts';
import { OperatorError } from '../units/operator-error.ts';
import { harmless } from './harmless.ts';
import { html, jsonForScript } from './html/markup.ts';
import { inline } from './markdown.ts';
import { marksCsv } from './marks-csv.ts';

const UNSEEN = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const text = fc.string({ unit: 'binary' });

test('CSV: a name that a spreadsheet would run is text', () => {
  const [stream] = findingsByHand().streams;
  const first = (name: string) =>
    marksCsv({ ...findingsByHand(), streams: [{ ...stream!, stream: name }] }).split('\n')[1]!;
  for (const name of ['=1+1', '+1', '-1', '@SUM(1)', '\t=1', '|x', ' =1']) assert.ok(first(name).startsWith("'"), name);
  assert.match(first('=HYPERLINK("http://x","y")'), /^"'=HYPERLINK\(""http:\/\/x"",""y""\)",/);
  assert.match(first('vote'), /^vote,/);
});

test('Markdown: one line, no markup, and no character that comes in by an entity', () => {
  const shown = inline('a\n# b | <img src=x> &#8238; [l](http://x) `c` \u202e $x$ www.x');
  assert.equal(
    shown,
    'a \\# b \\| &lt;img src=x&gt; &amp;\\#8238; \\[l\\](http\\://x) \\`c\\` \\\\u202e \\$x\\$ www\\.x',
  );
  fc.assert(fc.property(text, (given) => assert.doesNotMatch(inline(given), /\n|(?<!\\)[|`<>]|&(?!(lt|gt|amp);)/)));
});

test('pages: nothing that hides or turns its direction, in text and in data', () => {
  fc.assert(
    fc.property(text, (given) => {
      assert.doesNotMatch(html`<p title="${given}">${given}</p>`.text, UNSEEN);
      assert.doesNotMatch(jsonForScript({ a: [given] }).text, UNSEEN);
    }),
  );
});

test('an error for Playwright stays the same error, without secrets, in its causes too', () => {
  rememberSecret('s3cr3t-for-playwright');
  const cause = new Error('\u001b[2J s3cr3t-for-playwright');
  const error = new OperatorError('it says s3cr3t-for-playwright', { cause });
  assert.equal(harmless(error), error);
  assert.equal(error.message, 'it says •••');
  for (const each of [error, cause])
    assert.doesNotMatch(`${each.message}${each.stack}`.replaceAll('\n', ''), /s3cr3t|\p{Cc}/u);
  const circle = new Error('round');
  circle.cause = circle;
  harmless(circle);
});
