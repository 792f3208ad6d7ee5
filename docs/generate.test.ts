import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { generate } from './generate.ts';

test('what is generated from the schemas is up to date (npm run schema)', () => {
  for (const [file, text] of Object.entries(generate())) {
    assert.equal(readFileSync(path.join(import.meta.dirname, '..', file), 'utf8'), text, `${file} is out of date`);
  }
});
