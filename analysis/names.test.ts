import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { faults } from '../faults/index.ts';

const root = path.dirname(import.meta.dirname);

/** The sources of a folder, without its tests, by their path. */
function sourcesOf(folder: string): [file: string, text: string][] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => [path.join(folder, file), readFileSync(path.join(root, folder, file), 'utf8')]);
}

test('no file of the analysis names a fault', () => {
  const names = Object.keys(faults).map((name) => ({ name, pattern: new RegExp(`(?<![\\w-])${name}(?![\\w-])`) }));
  const found = sourcesOf('analysis').flatMap(([file, text]) =>
    names.filter(({ pattern }) => pattern.test(text)).map(({ name }) => `${file}: ${name}`),
  );
  assert.deepEqual(found, []);
});

/** Fields that hold the suite's own wording, and those of them whose names are used for nothing else. */
const WORDS = '(what|observed|wanted|text|note|title|formula|message)';
const OWN_WORDS = '(what|observed|wanted|note|formula)';
const TAKES_APART = '(startsWith|endsWith|includes|indexOf|match|matchAll|replace|replaceAll|search|slice|split)';
const READ_BACK = [
  // check.what.startsWith(…), and what.startsWith(…) of a check that was taken apart
  `\\.${WORDS}\\b[!?]*\\.${TAKES_APART}\\(`,
  `(?<![\\w.])${OWN_WORDS}\\b[!?]*\\.${TAKES_APART}\\(`,
  // /…/.test(check.what), /…/.test(what)
  `\\.(test|exec)\\(([^()]*\\.${WORDS}|${OWN_WORDS})\\)`,
  // check.what === '…'
  `\\b${OWN_WORDS} [!=]== ['\`]`,
].map((pattern) => new RegExp(pattern));

test('no text that the suite has written is read back', () => {
  const found = ['analysis', 'reports', 'cli', 'run', 'faults'].flatMap(sourcesOf).flatMap(([file, text]) =>
    text
      .split('\n')
      .filter((line) => READ_BACK.some((pattern) => pattern.test(line)))
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(found, []);
});

/** What the analysis parses by pattern: the ids of writes and of members, and the names of streams. No wording. */
const BY_PATTERN = ['analysis/events/fault-scope.ts', 'analysis/streams/durability.ts', 'analysis/streams/stream.ts'];

test('the analysis takes apart ids, and no words', () => {
  const pattern = /(?<=(?:[=(,:!?]|return) ?)\/(?![/*\s])[^\n]+?\/[a-z]*(?=[.;,)])/;
  const found = sourcesOf('analysis').filter(([, text]) => pattern.test(text));
  assert.deepEqual(
    found.map(([file]) => file),
    BY_PATTERN,
  );
});
