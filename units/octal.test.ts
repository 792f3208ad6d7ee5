import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { manifestYaml } from './octal.ts';

test('a number with a zero before it is octal, as it is to platforms; other numbers and texts are what they are', () => {
  const text = '[0644, 0400, 0, 00, 10, 08, 0.5, 0o17, 0x1f, "0644", 1e3, -010]';
  const read = parse(text, manifestYaml);
  assert.deepEqual(read, [420, 256, 0, 0, 10, 8, 0.5, 15, 31, '0644', 1000, -8]);
});
