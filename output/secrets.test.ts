import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mask, maskAll, rememberSecret } from './secrets.ts';

test('in every form in which others repeat it', () => {
  const secret = 'pass/w<rd+"ä&= 9';
  rememberSecret(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase().replace('%c3%a4', '%c3%a4'),
    new URLSearchParams({ secret }).toString(),
    JSON.stringify({ error: `refused: ${secret}` }),
    JSON.stringify(secret).replace('<', '\\u003c').replace('&', '\\u0026'),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(`a:${secret}`).toString('base64'),
    Buffer.from(`ab:${secret}:z`).toString('base64'),
    `<p>${secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}</p>`,
  ];
  for (const form of forms) {
    const shown = mask(`it said: ${form}.`);
    assert.match(shown, /•••/, form);
    for (const part of ['w<rd', 'w%3C', 'w%3c', 'w\\u003c', 'w&lt;'])
      assert.ok(!shown.includes(part), `${form} → ${shown}`);
  }
});

test('the longest first: a secret that begins another one leaves nothing of it', () => {
  rememberSecret('tokentoken');
  rememberSecret('tokentoken-with-more-of-it');
  rememberSecret('token-with-more');
  assert.equal(mask('Bearer tokentoken-with-more-of-it!'), 'Bearer •••!');
});

test('a key of several lines, also a line at a time', () => {
  const body = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7', 'VJTUt9Us8cKjMzEfYyjiWA4R4'];
  rememberSecret(`-----BEGIN PRIVATE KEY-----\n${body.join('\n')}\n-----END PRIVATE KEY-----\n`);
  for (const line of body) assert.equal(mask(`  ${line}`), '  •••');
  assert.equal(mask('-----BEGIN PRIVATE KEY-----'), '-----BEGIN PRIVATE KEY-----');
});

test('a secret that could be any word is not looked for', () => {
  for (const short of ['', ' ', 'w1', 'admin', '12345']) rememberSecret(short);
  rememberSecret(undefined);
  assert.equal(mask('admin on w1 after 12345 ms'), 'admin on w1 after 12345 ms');
});

test('in a value for JSON texts and keys are masked, numbers are not', () => {
  rememberSecret('314159265');
  const value = { at: 314159265, text: 'is 314159265', 'key 314159265': [null, true, { deep: '314159265' }] };
  assert.deepEqual(maskAll(value), { at: 314159265, text: 'is •••', 'key •••': [null, true, { deep: '•••' }] });
});

test('no secret of six characters or more is left, whatever it holds and whatever stands around it', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }),
      fc.string(),
      fc.string(),
      (secret, before, after) => {
        fc.pre(secret.trim().length >= 6 && !secret.includes('•'));
        rememberSecret(secret);
        assert.ok(!mask(`${before}${secret.trim()}${after}`).includes(secret.trim()));
      },
    ),
  );
});
