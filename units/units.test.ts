import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import {
  duration,
  formatDuration,
  formatRate,
  formatShare,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
  size,
} from './units.ts';

test('durations are read with their units', () => {
  const cases: Record<string, number> = {
    '250ms': 250,
    '30s': 30_000,
    '1.5s': 1500,
    '1m30s': 90_000,
    '2h': 7_200_000,
    '1h0m1s1ms': 3_601_001,
    '0s': 0,
    '0.0005s': 0.5,
    '1.005s': 1005,
    '4.35s': 4350,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

test('what is not a duration is not guessed', () => {
  const wrong = [
    '',
    '30',
    's',
    '30 s',
    '-5s',
    '+5s',
    '5S',
    '5sec',
    '1s1s',
    '30s1m',
    '1e3s',
    '.5s',
    '5.s',
    'NaNs',
    '1s\n',
    '∞s',
  ];
  for (const text of [...wrong, `${'9'.repeat(400)}s`]) assert.equal(parseDuration(text), undefined, text);
});

test('a share is the nearest number to what was written', () => {
  assert.equal(parseShare('99.9%'), 0.999);
  assert.equal(parseShare('99.9 %'), 0.999);
  assert.equal(parseShare('100%'), 1);
  assert.equal(parseShare('0%'), 0);
  for (const text of ['', '50', '0.5', '-1%', '100.1%', '101%', '50%%', '5e1%', '%']) {
    assert.equal(parseShare(text), undefined, text);
  }
});

test('n of 10000 meets an objective of exactly that share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (n) => {
      const text = `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}%`;
      assert.equal(n / 10_000, parseShare(text));
    }),
  );
});

test('rates are requests a second, and come back as they were written', () => {
  for (const text of ['500/s', '0/s', '12.3/s', '100000/s']) assert.equal(formatRate(parseRate(text)!), text);
  assert.equal(formatRate(1000 / 3), '333/s');
  for (const text of ['', '500', '/s', '500/m', '-1/s', '500 /s', '1e3/s'])
    assert.equal(parseRate(text), undefined, text);
});

test('sizes are whole bytes', () => {
  assert.equal(parseSize('64Mi'), 64 * 1024 * 1024);
  assert.equal(parseSize('1.5Ki'), 1536);
  assert.equal(parseSize('1G'), 1e9);
  assert.equal(parseSize('100B'), 100);
  for (const text of ['', '64', '64MB', '64mi', '-1Mi', 'Mi', '64 Mi']) assert.equal(parseSize(text), undefined, text);
});

test('a schema says by example what was expected', () => {
  const schema = z.strictObject({ hold: duration, disk: size });
  const result = schema.safeParse({ hold: 30, disk: '5' });
  assert.deepEqual(
    result.error?.issues.map((issue) => issue.message),
    [
      'expected a duration with its unit, such as 30s, 250ms or 1m30s',
      'expected a size with its unit, such as 64Mi or 1Gi',
    ],
  );
});

test('the pattern that editors get accepts what the parser accepts, and nothing else', () => {
  const { pattern } = z.toJSONSchema(duration, { io: 'input' });
  const editors = new RegExp(pattern ?? assert.fail('no pattern'), 'u');
  const written = fc.stringMatching(/^(\d{1,3}(\.\d)?(h|m|s|ms)){0,3}$/);
  fc.assert(fc.property(written, (text) => assert.equal(editors.test(text), parseDuration(text) !== undefined, text)));
});

test('durations are shown for people', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [-0.01, '0 ms'],
    [0.44, '0.4 ms'],
    [9.96, '10 ms'],
    [250, '250 ms'],
    [999.6, '1 s'],
    [12_345, '12.3 s'],
    [-1500, '−1.5 s'],
    [90_000, '90 s'],
    [99_960, '1 min 40 s'],
    [150_000, '2 min 30 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('a share never looks better than it is', () => {
  assert.equal(formatShare(1), '100 %');
  assert.equal(formatShare(0.9999999), '99.99 %');
  assert.equal(formatShare(0.57), '57.00 %');
  assert.equal(formatShare(0.00001), '< 0.01 %');
  assert.equal(formatShare(0), '0.00 %');
});

test('a share shows as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), (n) => {
      const text = (n / 100).toFixed(2);
      assert.equal(formatShare(parseShare(`${text}%`) ?? Number.NaN), `${text} %`);
    }),
  );
});
