import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { linesOf } from './lines.ts';

function file(t: { after(done: () => void): void }): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lines-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'lines');
}

test('lines keep their numbers and their letters, wherever the file is cut into pieces', (t) => {
  const name = file(t);
  const long = 'ü'.repeat(2 ** 20);
  writeFileSync(name, `a\n\n${long}\nb`);
  assert.deepEqual(
    [...linesOf(name)],
    [
      { number: 1, text: 'a', torn: false },
      { number: 3, text: long, torn: false },
      { number: 4, text: 'b', torn: true },
    ],
  );
});

test('a line of a gigabyte is not read, nor held', (t) => {
  const name = file(t);
  const fd = openSync(name, 'w');
  // A hole in the file: a gigabyte of zeros that takes no room.
  ftruncateSync(fd, 2 ** 30);
  writeSync(fd, '\nb\n', 2 ** 30);
  closeSync(fd);
  const before = process.memoryUsage.rss();
  assert.deepEqual(
    [...linesOf(name)],
    [
      { number: 1, text: undefined, torn: false },
      { number: 2, text: 'b', torn: false },
    ],
  );
  assert.ok(process.memoryUsage.rss() - before < 300 * 2 ** 20);
});
