/** A platform is one folder and one line: nobody else knows its name. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { registeredPlatforms } from './index.ts';

const root = path.join(import.meta.dirname, '..');
const kinds = Object.keys(registeredPlatforms());

/** Who may name platforms: themselves, the registry, the labs with their commands, workloads, tests. */
const ALLOWED = [
  ...kinds.map((kind) => `platforms/${kind}/`),
  'platforms/index.ts',
  'lab/',
  'cli/lab.ts',
  'cli/demo.ts',
  ...globSync('fixtures/*/', { cwd: root }).map((folder) => `${folder}/`),
  'tests/',
];
const NOT_OURS = ['node_modules', 'dist', '.brownout', '.git'];

test('no file outside a platform names it, in comments neither', () => {
  const files = globSync('**/*.{ts,js}', { cwd: root, exclude: (name) => NOT_OURS.includes(name) });
  const others = files.filter((file) => !file.endsWith('.test.ts') && !ALLOWED.some((place) => file.startsWith(place)));
  assert.ok(others.length > 200, `only ${others.length} files were looked at`);
  const naming = others.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8').toLowerCase();
    return kinds.filter((kind) => text.includes(kind)).map((kind) => `${file}: ${kind}`);
  });
  assert.deepEqual(naming, []);
});
