import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { faults } from '../faults/index.ts';
import { generate } from './generate.ts';

const root = path.join(import.meta.dirname, '..');

test('what is generated from the schemas is up to date (npm run schema)', () => {
  for (const [file, text] of Object.entries(generate())) {
    // Not `equal`: it would print both files.
    assert.ok(readFileSync(path.join(root, file), 'utf8') === text, `${file} is out of date: npm run schema`);
  }
});

test('every fault has its row in docs/faults.md, and no other has one', () => {
  const [rules] = readFileSync(path.join(root, 'docs/faults.md'), 'utf8').split('\n## ');
  const rows = [...rules!.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name!);
  assert.deepEqual(rows.toSorted(), Object.keys(faults).toSorted());
});
